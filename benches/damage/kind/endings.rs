//! Line ends, byte order marks and final line ends: what stays must stay byte for byte.

use super::super::script::Tag;
use super::super::{Case, Format};
use super::Ask;

fn plain(ask: &mut Ask<'_>) -> Option<Case> {
    let blocks = if ask.format == Format::Whole { Vec::new() } else { ask.blocks()? };
    Some(ask.case(&ask.draft(blocks)))
}

/// The file has CRLF, the reply has not.
pub(super) fn crlf_file(ask: &mut Ask<'_>) -> Option<Case> {
    for line in ask.files.iter_mut().flat_map(|file| &mut file.lines) {
        line.end = "\r\n";
    }
    plain(ask)
}

/// The reply has CRLF, the file has not.
pub(super) fn crlf_reply(ask: &mut Ask<'_>) -> Option<Case> {
    let mut case = plain(ask)?;
    case.reply = match ask.format {
        Format::Json => case.reply.replace("\\n", "\\r\\n"),
        _ => case.reply.replace('\n', "\r\n"),
    };
    let literal = ask.format == Format::Json
        && ask.files.iter().any(|file| file.lines.iter().any(|line| line.text.contains("\\n")));
    (!literal).then_some(case)
}

/// The file mixes both. New lines may have either.
pub(super) fn mixed(ask: &mut Ask<'_>) -> Option<Case> {
    for file in &mut ask.files {
        file.free_ends = true;
        let percent = [10, 50, 90][ask.rng.below(3)];
        for line in &mut file.lines {
            if line.tag != Tag::New && ask.rng.chance(percent) {
                line.end = "\r\n";
            }
        }
    }
    plain(ask)
}

/// The file begins with a byte order mark, which the reply does not quote.
pub(super) fn byte_order_mark(ask: &mut Ask<'_>) -> Option<Case> {
    for file in &mut ask.files {
        file.byte_order_mark = true;
    }
    plain(ask)
}

/// The last line has no line end. When it goes and nothing comes for it, nobody can say how the file should end.
pub(super) fn no_final_newline(ask: &mut Ask<'_>) -> Option<Case> {
    for file in &mut ask.files {
        let last_old = file.lines.iter().rposition(|line| line.tag == Tag::Old);
        let last_new = file.lines.iter().rposition(|line| line.tag != Tag::Old);
        let is_blank = file.lines.last().is_none_or(|line| line.text.is_empty());
        if is_blank || (last_old == Some(file.lines.len() - 1) && last_new != last_old) {
            let replaced = file.lines.iter().rev().find(|line| line.tag != Tag::Old);
            if is_blank || replaced.is_none_or(|line| line.tag == Tag::Keep) {
                return None;
            }
        }
        file.open_end = true;
    }
    plain(ask)
}
