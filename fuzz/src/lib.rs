//! What the fuzz targets share: each checks that nothing panics, and one thing that must hold for any input.

use tenon::diff::parse::{self, Reply};
use tenon::diff::rebase::rebase_file;
use tenon::diff::{ChangeSet, Ending, FileSet, Refusal, ReplyFormat, ReplyParser, evaluate};
use tenon::text::{PositionMap, Rope, TextEdit};

/// The one file that exists.
const PATH: &str = "a";

/// A reply gives the same in two pieces as in one. The first byte says where it is cut.
pub fn parses_alike(format: ReplyFormat, data: &[u8]) {
    let Some((&at, bytes)) = data.split_first() else { return };
    let Ok(reply) = std::str::from_utf8(bytes) else { return };
    let mut at = reply.len() * usize::from(at) / 255;
    while !reply.is_char_boundary(at) {
        at -= 1;
    }
    let mut parser = ReplyParser::new(format);
    let mut events = parser.push(&reply[..at]);
    events.extend(parser.push(&reply[at..]));
    let in_pieces = parser.finish(Ending::Complete);
    let mut parser = ReplyParser::new(format);
    assert_eq!(events, parser.push(reply));
    assert_eq!(in_pieces, parser.finish(Ending::Complete));
}

/// A format that is told reads the reply or refuses it.
pub fn detects(data: &[u8]) {
    let Ok(reply) = std::str::from_utf8(data) else { return };
    if let Ok(format) = parse::detect(reply) {
        let _ = parse::parse(format, reply);
    }
}

/// What is found to fit can be applied.
pub fn evaluates(data: &[u8]) {
    let Some([base, reply]) = texts(data) else { return };
    let files = one_file(base);
    for changes in change_sets(reply, &files) {
        for change in &changes.files {
            let old = files.files.get(&change.path).cloned().unwrap_or_default();
            change.apply(&old).expect("a change fits the text it was made for");
        }
    }
}

/// What is carried to another text can be applied there.
pub fn rebases(data: &[u8]) {
    let Some([base, live, reply]) = texts(data) else { return };
    let files = one_file(base);
    let live_text = Rope::from_str(live);
    let map = PositionMap::from_edit(&TextEdit::diff(base, live));
    for changes in change_sets(reply, &files) {
        for change in changes.files.iter().filter(|change| change.path == PATH) {
            let old = Rope::from_str(base);
            if let Ok(Some(carried)) = rebase_file(change, &old, &map, Some(&live_text)) {
                carried.apply(&live_text).expect("a carried change fits the live text");
            }
        }
    }
}

fn one_file(text: &str) -> FileSet {
    FileSet {
        files: [(PATH.to_owned(), Rope::from_str(text))].into(),
        default_path: Some(PATH.to_owned()),
    }
}

fn change_sets(reply: &str, files: &FileSet) -> impl Iterator<Item = ChangeSet> {
    let evaluated = |format: ReplyFormat| -> Result<ChangeSet, Vec<Refusal>> {
        let reply: Reply = parse::parse(format, reply)?;
        evaluate(&reply, files)
    };
    ReplyFormat::ALL.map(evaluated).into_iter().flatten()
}

/// Cuts the input at zero bytes.
fn texts<const N: usize>(data: &[u8]) -> Option<[&str; N]> {
    let mut pieces = std::str::from_utf8(data).ok()?.splitn(N, '\0');
    let mut texts = [""; N];
    for text in &mut texts {
        *text = pieces.next()?;
    }
    Some(texts)
}
