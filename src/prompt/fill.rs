//! A place at the cursor that a model fills in: what it is shown around it, where its answer must end, and what of
//! the answer fits there.
//!
//! Guarantees: what is shown is the document's own text, cut at line starts where that is possible and never inside a
//! character; what fits is never blank, holds no control characters but tabs and the document's own line ends, and
//! does not repeat what stands before or behind it.

mod brackets;
mod indent;
mod lines;

use crate::text::Rope;

/// Longest answer that is read, in bytes.
const MAX_BYTES: usize = 8 << 10;

/// The place, with the text around it. Its line ends are `\n`, whatever the document has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hole {
    prefix: String,
    suffix: String,
    language: String,
    crlf: bool,
}

impl Hole {
    /// The place at byte `at` of `text`, seen with about `context_bytes` around it: three quarters before, one
    /// behind. `None` inside a word, where nothing sensible can be inserted, and where `at` is no place of the text.
    pub fn at(text: &Rope, at: usize, language: &str, context_bytes: usize) -> Option<Self> {
        let behind = context_bytes / 4;
        let prefix = text.get_byte_slice(first_shown(text, at, context_bytes - behind)?..at)?.to_string();
        let suffix = text.get_byte_slice(at..last_shown(text, at, behind)?)?.to_string();
        if prefix.ends_with(is_word) && suffix.starts_with(is_word) {
            return None;
        }
        let crlf = match (prefix.rfind('\n'), suffix.find('\n')) {
            (Some(end), _) => prefix[..end].ends_with('\r'),
            (None, Some(end)) => suffix[..end].ends_with('\r'),
            (None, None) => false,
        };
        let (prefix, suffix) = (prefix.replace("\r\n", "\n"), suffix.replace("\r\n", "\n"));
        // Of a line that is cut at its end.
        let suffix = suffix.trim_end_matches('\r').to_owned();
        Some(Self { prefix, suffix, language: language.to_owned(), crlf })
    }

    /// What stands before.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// What stands behind.
    pub fn suffix(&self) -> &str {
        &self.suffix
    }

    /// Strings that end the answer; at most four.
    pub fn stops(&self) -> Vec<String> {
        if self.is_single_line() {
            return vec!["\n".to_owned()];
        }
        let mut stops = Vec::new();
        if !self.is_last() {
            stops.push("\n\n".to_owned());
        }
        // At a blank line between definitions, the answer may well begin with the next one.
        if !self.line_before().is_empty() {
            stops.extend(lines::definitions(&self.language).iter().map(|word| format!("\n{word}")));
        }
        stops.truncate(4);
        stops
    }

    /// Whether what came of the answer so far is all that can be used of it.
    pub fn is_enough(&self, answer: &str) -> bool {
        answer.len() > MAX_BYTES || self.end(&self.body(answer), false).is_some()
    }

    /// What of the answer fits, with the line ends of the document. `cut` says that the model was stopped in the
    /// middle of it.
    pub fn fit(&self, answer: &str, cut: bool) -> Option<String> {
        let body = self.body(answer);
        let end = self.end(&body, true);
        let mut text = &body[..end.unwrap_or(body.len())];
        if cut && end.is_none() {
            // The last line is half a line; alone, it is better than nothing.
            text = text.rsplit_once('\n').map_or(text, |(whole, _)| whole);
        }
        let text = self.without_suffix(text.trim_end());
        let text = brackets::without_surplus(&self.prefix, text.trim_end(), &self.suffix);
        let lines: Vec<_> = text.trim_end().split('\n').map(str::trim_end).collect();
        let text = lines.join(if self.crlf { "\r\n" } else { "\n" });
        (!text.trim().is_empty()).then_some(text)
    }

    /// The answer without what does not belong to the text: control characters, fences, other indentation, and what
    /// it repeats of the cursor's line.
    fn body(&self, answer: &str) -> String {
        let cleaned = lines::cleaned(answer);
        let body = if self.language == "markdown" { &cleaned } else { lines::unfenced(&cleaned) };
        let body = indent::as_in(&self.prefix, &self.suffix, body);
        self.without_line_before(&body).to_owned()
    }

    fn without_line_before<'a>(&self, body: &'a str) -> &'a str {
        let line = self.line_before();
        let mut body = body;
        if line.trim().is_empty() && !self.is_single_line() {
            // On a blank line, the answer begins there and not below it.
            let text = body.trim_start();
            body = &body[body[..body.len() - text.len()].rfind('\n').map_or(0, |end| end + 1)..];
        }
        let said = line.trim_start();
        if said.chars().count() >= 4
            && let Some(rest) = body.trim_start_matches([' ', '\t']).strip_prefix(said)
        {
            return rest;
        }
        if line.ends_with([' ', '\t']) { body.trim_start_matches([' ', '\t']) } else { body }
    }

    /// Where the part of the answer ends that belongs here; `None` where nothing ends it. Of an answer that is not
    /// `complete`, the last line may go on.
    fn end(&self, body: &str, complete: bool) -> Option<usize> {
        if self.is_single_line() {
            return body.find('\n');
        }
        let depth = indent::width(self.line_before());
        let next = self.next_line();
        let (mut begun, mut at) = (false, 0);
        for (n, line) in body.split_inclusive('\n').enumerate() {
            let is_whole = complete || line.ends_with('\n');
            let content = line.trim_end();
            if content.is_empty() {
                if begun && n > 0 && is_whole && !self.is_last() {
                    return Some(at);
                }
            } else if n > 0 {
                let leaves = indent::width(content) < depth && !brackets::closes(content);
                let repeats = is_whole && next == Some(content);
                if leaves || repeats || (begun && lines::is_definition(&self.language, content)) {
                    return Some(at);
                }
            }
            begun |= !content.is_empty();
            at += line.len();
        }
        None
    }

    /// The answer without its end where that repeats what stands behind: to the letter, or by whole lines.
    fn without_suffix<'a>(&self, text: &'a str) -> &'a str {
        let ends = self.suffix.char_indices().map(|(at, c)| at + c.len_utf8());
        let repeated = ends.take_while(|&end| end <= text.len()).filter(|&end| {
            let head = &self.suffix[..end];
            let Some(rest) = text.strip_suffix(head) else { return false };
            // Half a word in common is chance.
            !(head.starts_with(is_word) && rest.ends_with(is_word))
        });
        if let Some(end) = repeated.last() {
            return &text[..text.len() - end];
        }
        lines::without_shared_end(text, self.behind_line())
    }

    /// Text that follows on the cursor's line must fit behind the answer.
    pub fn is_single_line(&self) -> bool {
        let rest = self.suffix.split('\n').next().unwrap_or_default();
        !rest.trim().is_empty()
    }

    fn is_last(&self) -> bool {
        self.suffix.trim().is_empty()
    }

    fn line_before(&self) -> &str {
        self.prefix.rsplit('\n').next().unwrap_or_default()
    }

    fn behind_line(&self) -> &str {
        self.suffix.split_once('\n').map_or("", |(_, behind)| behind)
    }

    /// The first line behind that says something of its own.
    fn next_line(&self) -> Option<&str> {
        let line = self.behind_line().lines().map(str::trim_end).find(|line| !line.is_empty())?;
        (line.chars().filter(|c| c.is_alphanumeric()).count() >= 3).then_some(line)
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where the text begins that is shown before `at`.
fn first_shown(text: &Rope, at: usize, budget: usize) -> Option<usize> {
    let earliest = at.saturating_sub(budget);
    let line = text.try_byte_to_line(earliest).ok()?;
    if text.line_to_byte(line) == earliest {
        return Some(earliest);
    }
    let next = text.line_to_byte(line + 1);
    // A line that is longer than the budget is cut inside.
    let character = text.byte_to_char(earliest);
    let inside = if text.char_to_byte(character) == earliest { character } else { character + 1 };
    Some(if next < at { next } else { text.char_to_byte(inside) })
}

/// Where the text ends that is shown behind `at`.
fn last_shown(text: &Rope, at: usize, budget: usize) -> Option<usize> {
    let latest = at.saturating_add(budget);
    if latest >= text.len_bytes() {
        return Some(text.len_bytes());
    }
    let line = text.line_to_byte(text.try_byte_to_line(latest).ok()?);
    Some(if line > at { line } else { text.char_to_byte(text.byte_to_char(latest)).max(at) })
}

#[cfg(test)]
mod tests;
