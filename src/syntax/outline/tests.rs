//! Outlines per language, of whole, truncated and meaningless text.

use super::*;
use Language::{Go, JavaScript, Python, Rust, Tsx, TypeScript};

/// One line per symbol: indentation by depth, kind, name, and where it begins and ends (1-based lines).
fn check(language: Language, text: &str, expected: &[&str]) {
    let rope = Rope::from_str(text);
    let symbols = outline(language, &rope).expect("within budget");
    let line = |byte: usize| rope.byte_to_line(byte) + 1;
    let show = |s: &Symbol| {
        let body = if s.body_range.is_some() { "" } else { ";" };
        let (first, last) = (line(s.range.start), line(s.range.end));
        format!("{}{:?} {}{body} {first}-{last}", "  ".repeat(s.depth), s.kind, s.name)
    };
    let actual: Vec<String> = symbols.iter().map(show).collect();
    assert_eq!(actual, expected, "{}", outline_tree(language, &rope));
    for symbol in &symbols {
        assert_eq!(rope.byte_slice(symbol.name_range.clone()), symbol.name.as_str());
    }
}

fn outline_tree(language: Language, text: &Rope) -> String {
    Parsed::new(language, text).map(|parsed| parsed.tree.root_node().to_sexp()).unwrap_or_default()
}

/// `$0` is the cursor; the name of the definition around it.
fn check_enclosing(language: Language, text: &str, expected: Option<&str>) {
    let at = text.find("$0").expect("a cursor");
    let rope = Rope::from_str(&text.replace("$0", ""));
    assert_eq!(enclosing_definition(language, &rope, at).map(|symbol| symbol.name).as_deref(), expected);
}

#[test]
fn rust_code() {
    check(
        Rust,
        "mod m {\n    struct S { a: u8 }\n    impl<T> Tr<T> for S {\n        fn f(&self) {}\n    }\n}\n\
         trait Tr<T> { fn f(&self); }\nenum E { A }\nconst C: u8 = 1;\ntype T = u8;\n\
         macro_rules! mac { () => {} }\n#[test]\nfn g() { const LOCAL: u8 = 0; fn inner() {} }\n",
        &[
            "Module m 1-6",
            "  Struct S 2-2",
            "  Implementation S 3-5",
            "    Method f 4-4",
            "Interface Tr 7-7",
            "  Method f; 7-7",
            "Enum E 8-8",
            "Constant C; 9-9",
            "TypeAlias T; 10-10",
            "Macro mac; 11-11",
            "Function g 13-13",
            "  Function inner 13-13",
        ],
    );
}

#[test]
fn python_code() {
    check(
        Python,
        "@a\n@b\nclass C(D):\n    @property\n    def f(self):\n        return 1\n\nasync def g(): pass\n",
        &["Class C 1-6", "  Method f 4-6", "Function g 8-8"],
    );
}

#[test]
fn javascript_code() {
    check(
        JavaScript,
        "export default class A {\n  m() {}\n  f = () => 1;\n}\nexport const g = async (x) => {\n};\nfunction* h() {}\n\
         const v = 1;\nlet o = { k() {} };\nconst El = () => <p>{1}</p>;\n",
        &[
            "Class A 1-4",
            "  Method m 2-2",
            "  Method f 3-3",
            "Function g 5-6",
            "Function h 7-7",
            "Method k 9-9",
            "Function El 10-10",
        ],
    );
}

#[test]
fn typescript_code() {
    let text = "export interface I { m(): void }\nabstract class A { abstract f(): void; private g = (): number => 1 }\n\
                namespace N { export enum E { X } }\ntype T = string;\ndeclare function d(): void;\n\
                export function h<T>(x: T): T {\n  return x;\n}\n";
    let expected = [
        "Interface I 1-1",
        "  Method m; 1-1",
        "Class A 2-2",
        "  Method f; 2-2",
        "  Method g 2-2",
        "Module N 3-3",
        "  Enum E 3-3",
        "TypeAlias T; 4-4",
        "Function d; 5-5",
        "Function h 6-8",
    ];
    check(TypeScript, text, &expected);
    check(Tsx, text, &expected);
    check(Tsx, "const A = (): X => <p a={1}>é</p>;\n", &["Function A 1-1"]);
}

#[test]
fn go_code() {
    check(
        Go,
        "package p\n\ntype (\n\tS struct { a int }\n\tI interface { M() }\n)\ntype D int\nconst C = 1\n\
         func (s *S) M() {\n}\nfunc F() { const l = 2 }\n",
        &[
            "Struct S 4-4",
            "Interface I 5-5",
            "  Method M; 5-5",
            "TypeAlias D 7-7",
            "Constant C; 8-8",
            "Method M 9-10",
            "Function F 11-11",
        ],
    );
}

#[test]
fn the_innermost_definition_is_found() {
    check_enclosing(Rust, "struct A;\nimpl A {\n    fn f() { $0 }\n    fn g() {}\n}\n", Some("f"));
    check_enclosing(Rust, "impl A {\n$0\n    fn f() {}\n}\n", Some("A"));
    check_enclosing(Rust, "fn f() {}\n\n$0\nfn g() {}\n", None);
    check_enclosing(Rust, "fn f() {}$0fn g() {}\n", Some("g"));
    check_enclosing(Python, "class C:\n    @d$0\n    def f(self):\n        pass\n", Some("f"));
    check_enclosing(TypeScript, "export const $0f = () => 1;\n", Some("f"));
    check_enclosing(Go, "package p\nfunc f() {$0}\n", Some("f"));
    check_enclosing(Rust, "const A: u8 = $01;\n", None);
}

#[test]
fn a_byte_outside_the_text_is_in_no_definition() {
    assert_eq!(enclosing_definition(Rust, &Rope::from_str("fn f() {}\n"), 999), None);
}

#[test]
fn code_with_errors_has_an_outline() {
    check(Rust, "fn ok() {}\nfn bad( {\n", &["Function ok 1-1"]);
    check(Python, "def ok():\n    return 1\n\ndef cut(a, b):\n    x = (1,\n", &["Function ok 1-2"]);
}

const SAMPLES: [(Language, &str); 6] = [
    (Rust, "/// é\nimpl<T: X> A<T> { fn f(&self) -> u8 { match x { Some(y) => \"s\\n\", _ => 'c' } } }\n"),
    (Python, "@d\nclass A(B):\n    def f(self, *a):\n        \"\"\"😀\"\"\"\n        return f\"{x!r}\"\n"),
    (JavaScript, "class A { async *m() { for (const x of y) { `a${b}` } } }\nconst f = x => /re/g;\n"),
    (TypeScript, "abstract class A<T> { f?: (x: T) => void = () => {} }\nenum E { A = 1 }\n"),
    (Tsx, "const A = <T,>(p: P<T>) => <div k={() => 1}>é<b/></div>;\n"),
    (
        Go,
        "package p\nfunc (a *A[T]) f(x ...int) (y string, err error) { defer func() {}(); return `r`, nil }\n",
    ),
];

#[test]
fn truncated_code_does_not_panic() {
    for (language, text) in SAMPLES {
        for at in (0..=text.len()).filter(|&at| text.is_char_boundary(at)) {
            outline(language, &Rope::from_str(&text[..at])).expect("within budget");
        }
    }
}

#[test]
fn garbage_is_bounded() {
    let size = if std::env::var_os("TENON_LONG").is_some() { 1 << 20 } else { 1 << 13 };
    for pattern in
        ["(", "{[(<", ")", "\"'`", "a b ( } é \u{0} \" ", "<<<<<<< HEAD\n", "=> fn class def func ", "\\\n"]
    {
        let rope = Rope::from_str(&pattern.repeat(size / pattern.len()));
        for language in Language::ALL {
            // Giving up is fine; coming back is the point.
            let _ = outline(language, &rope);
        }
    }
}
