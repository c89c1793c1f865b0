//! When a name may stand for another: never proof by itself, only a reason to look.

/// Characters from which on a name is long enough to be told from one with another letter.
const SHORT: usize = 8;

/// How a name is like a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    /// One is the end of the other, in any case.
    Part,
    /// So it is, but for a typo in one part.
    Typo,
}

/// Whether `name`, a normalised path, could be meant for the file at `path`: one is the end of the other, in any case,
/// and at most one part has a typo.
pub fn is_like(name: &str, path: &str) -> bool {
    likeness(name, path).is_some()
}

/// How `name`, a normalised path, is like `path`, if it is.
pub(super) fn likeness(name: &str, path: &str) -> Option<Likeness> {
    let (name, path) = (name.to_lowercase(), path.to_lowercase());
    let (names, parts) = (name.split('/').count(), path.split('/').count());
    let pairs = name.rsplit('/').zip(path.rsplit('/'));
    let mut n_typos = 0;
    for (written, part) in pairs {
        if written != part {
            if !is_typo(written, part) {
                return None;
            }
            n_typos += 1;
        }
    }
    match n_typos {
        0 => Some(Likeness::Part),
        // A typo in a bare name leaves too little.
        1 if names == parts || names.min(parts) > 1 => Some(Likeness::Typo),
        _ => None,
    }
}

/// Whether the last parts of two paths are the same, in any case.
pub fn has_same_name(name: &str, path: &str) -> bool {
    let last = |path: &str| path.rsplit('/').next().map(str::to_lowercase);
    last(name) == last(path)
}

/// Whether one part of a path may be the other with a slip of the fingers. Digits number files, what follows a dot
/// tells kinds of them apart, a last `s` makes a plural, and short names are near to each other: none of that is a slip.
fn is_typo(written: &str, part: &str) -> bool {
    let digits = |name: &str| name.chars().filter(char::is_ascii_digit).collect::<String>();
    let (stem, kind) = written.split_once('.').unwrap_or((written, ""));
    let (other, other_kind) = part.split_once('.').unwrap_or((part, ""));
    if kind != other_kind || digits(stem) != digits(other) {
        return false;
    }
    let plural = |one: &str, other: &str| one.strip_suffix('s') == Some(other);
    if plural(stem, other) || plural(other, stem) {
        return false;
    }
    let (len, other_len) = (stem.chars().count(), other.chars().count());
    let allowed = match len.max(other_len) {
        0..=2 => 0,
        3..SHORT => 1,
        _ => 2,
    };
    // Letters that changed places are the same letters; where one stands for another, they are not.
    let letters = |name: &str| {
        let mut letters: Vec<char> = name.chars().collect();
        letters.sort_unstable();
        letters
    };
    let is_substitution = || len == other_len && letters(stem) != letters(other);
    len.abs_diff(other_len) <= allowed
        && strsim::osa_distance(stem, other) <= allowed
        && (len.min(other_len) >= SHORT || !is_substitution())
}

#[cfg(test)]
mod tests {
    use super::is_like;

    fn check(name: &str, path: &str, expected: bool) {
        assert_eq!(is_like(name, path), expected, "{name} {path}");
    }

    #[test]
    fn names_that_may_stand_for_others() {
        check("project/src/a.rs", "src/a.rs", true);
        check("a.rs", "src/a.rs", true);
        check("SRC/A.rs", "src/a.rs", true);
        check("src/mian.rs", "src/main.rs", true);
        check("scr/main.rs", "src/main.rs", true);
        check("project/src/configuraton.rs", "src/configuration.rs", true);
    }

    #[test]
    fn and_those_that_may_not() {
        check("lib/utils.rs", "src/utils.rs", false);
        check("src/b.rs", "src/a.rs", false);
        check("mian.rs", "src/main.rs", false);
        check("scr/mian.rs", "src/main.rs", false);
        check("src/main.rs", "src/main.py", false);
        check("xsrc/a.rs", "c/a.rs", false);
        check("a.rs", "src/ba.rs", false);
        check("migrations/0002_init.sql", "migrations/0001_init.sql", false);
        check("src/test2.py", "src/test1.py", false);
        check("src/configuration2.py", "src/configuration.py", false);
        check("app/uber.rb", "app/user.rb", false);
        check("app/users.rb", "app/user.rb", false);
        check("src/config.de.json", "src/config.dev.json", false);
        check("src/component.ts", "src/component.tsx", false);
        check("src/configuration.py", "src/configuration.rs", false);
    }
}
