//! The marks themselves: `REDACTED-7-xxxx` where there is room, `¤7--` where there is little.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// How a mark begins, when there is room and when there is little.
const LONG: &str = "REDACTED-";
const SHORT: &str = "\u{a4}";

/// Most digits of a number.
const DIGITS: usize = 10;

static BEGINNINGS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder().ascii_case_insensitive(true).build([LONG, SHORT]).expect("two short literals")
});

/// Something in a text that looks like a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub range: Range<usize>,
    pub number: Option<u32>,
    /// Whether nobody writes such a thing by chance.
    pub is_telling: bool,
    /// Whether it is a mark without a number.
    pub is_nameless: bool,
}

/// The mark of a secret of `length` bytes; `None` when there is no room for the number.
pub(super) fn of(number: u32, length: usize) -> Option<String> {
    let padded = |head: String, with: char| {
        let missing = length.checked_sub(head.len())?;
        Some(head + &with.to_string().repeat(missing))
    };
    padded(format!("{LONG}{number}-"), 'x').or_else(|| padded(format!("{SHORT}{number}"), '-'))
}

/// The mark of secrets that have no room for a number; they cannot be told apart, and so not be put back.
pub(super) fn nameless(length: usize) -> String {
    SHORT.to_owned() + &"-".repeat(length.saturating_sub(SHORT.len()))
}

/// Everything that looks like a mark, in order.
pub(super) fn written(text: &str) -> impl Iterator<Item = Written> + '_ {
    let bytes = text.as_bytes();
    let count = |start: usize, most: usize, wanted: fn(&u8) -> bool| {
        bytes.get(start..).unwrap_or_default().iter().take(most).take_while(|byte| wanted(byte)).count()
    };
    BEGINNINGS.find_iter(text).filter_map(move |hit| {
        let digits_end = hit.end() + count(hit.end(), DIGITS, u8::is_ascii_digit);
        let digits = &text[hit.end()..digits_end];
        let number = digits.parse().ok();
        if hit.pattern().as_usize() == 0 {
            let has_end = bytes.get(digits_end) == Some(&b'-');
            let padding = digits_end + usize::from(has_end);
            let end = padding + count(padding, usize::MAX, |byte| matches!(byte, b'x' | b'X'));
            let is_telling = !digits.is_empty();
            return is_telling.then_some(Written {
                range: hit.start()..end,
                number,
                is_telling,
                is_nameless: false,
            });
        }
        let dashes = count(digits_end, usize::MAX, |byte| *byte == b'-');
        let is_nameless = digits.is_empty() && dashes >= 2;
        (is_nameless || number.is_some()).then_some(Written {
            range: hit.start()..digits_end + dashes,
            number,
            is_telling: is_nameless,
            is_nameless,
        })
    })
}
