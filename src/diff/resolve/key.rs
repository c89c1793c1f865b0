//! What two lines have to have in common to count as equal, from strict to loose.

/// A way to compare lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// But for blanks at the line's end.
    RightTrimmed,
    /// But for blanks at both ends.
    Trimmed,
    /// But for blanks at both ends, the number of blanks within, and the look of quotes, dashes and the like.
    Canonical,
}

impl Key {
    /// Whether two lines are equal.
    pub(super) fn same(self, one: &str, other: &str) -> bool {
        match self {
            Self::RightTrimmed => right_trimmed(one) == right_trimmed(other),
            Self::Trimmed => one.trim() == other.trim(),
            Self::Canonical => one.trim() == other.trim() || canonical(one).eq(canonical(other)),
        }
    }

    /// Equal for equal lines; other lines may collide, so every hit is verified.
    pub(super) fn hash(self, line: &str) -> u64 {
        match self {
            Self::RightTrimmed => hash(right_trimmed(line).as_bytes()),
            Self::Trimmed => hash(line.trim().as_bytes()),
            Self::Canonical if is_canonical(line.trim()) => hash(line.trim().as_bytes()),
            Self::Canonical => hash(canonical(line).collect::<String>().as_bytes()),
        }
    }
}

/// A line without the blanks at its end.
pub(super) fn right_trimmed(line: &str) -> &str {
    line.trim_end_matches([' ', '\t'])
}

/// The blanks that a line begins with.
pub(super) fn indentation(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// How many letters and digits a line has: what tells it from others.
pub(super) fn weight(line: &str) -> usize {
    line.chars().filter(|c| c.is_alphanumeric()).count()
}

/// Whether the canonical form of a trimmed line is the line itself.
fn is_canonical(line: &str) -> bool {
    line.is_ascii() && !line.contains('\t') && !line.contains("  ")
}

/// The characters of a line's canonical form.
fn canonical(line: &str) -> impl Iterator<Item = char> + '_ {
    let mut blank = false;
    line.trim().chars().map(plain).filter(move |&c| {
        let again = blank && c == ' ';
        blank = c == ' ';
        !again
    })
}

/// The plain character that a typographic one is written for.
pub(super) fn plain(c: char) -> char {
    match c {
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' | '\u{2032}' | '\u{ff07}' => '\'',
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' | '\u{2033}' | '\u{ff02}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}' => '-',
        '\u{ff08}' => '(',
        '\u{ff09}' => ')',
        '\u{ff0c}' => ',',
        '\u{ff1a}' => ':',
        '\u{ff1b}' => ';',
        c if c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}') => ' ',
        c => c,
    }
}

/// A fast hash of bytes.
fn hash(bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let fold = |state: u64, word: u64| {
        let product = u128::from(state ^ word) * u128::from(FACTOR);
        // Both halves are wanted: the high one mixes the top bits down.
        #[expect(clippy::cast_possible_truncation, reason = "the halves of the product are folded together")]
        let folded = (product as u64) ^ ((product >> 64) as u64);
        folded
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let mut state = fold(FACTOR.rotate_left(17), bytes.len() as u64);
    for word in words {
        state = fold(state, u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    fold(fold(state, u64::from_le_bytes(last)), FACTOR.rotate_left(31))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: Key, one: &str, other: &str, expected: bool) {
        assert_eq!(key.same(one, other), expected, "{one:?} {other:?}");
        if expected {
            assert_eq!(key.hash(one), key.hash(other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn keys_from_strict_to_loose() {
        check(Key::RightTrimmed, " a", " a \t", true);
        check(Key::RightTrimmed, " a", "a", false);
        check(Key::Trimmed, "\ta", "    a ", true);
        check(Key::Trimmed, "a  b", "a b", false);
        check(Key::Canonical, " a \t b", "a b", true);
        check(Key::Canonical, "f(\u{201c}a\u{201d}) \u{2014} b", "f(\"a\") - b", true);
        check(Key::Canonical, "ab", "a b", false);
    }

    proptest::proptest! {
        #[test]
        fn equal_lines_have_equal_hashes(one in "[ a\"\u{201c}\u{a0}\t-]{0,6}", other in "[ a\"\u{201c}\u{a0}\t-]{0,6}") {
            for key in [Key::RightTrimmed, Key::Trimmed, Key::Canonical] {
                if key.same(&one, &other) {
                    proptest::prop_assert_eq!(key.hash(&one), key.hash(&other));
                }
            }
        }
    }
}
