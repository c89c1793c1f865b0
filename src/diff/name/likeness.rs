//! When a name may stand for another: never proof by itself, only a reason to look.

/// Whether `name`, a normalised path, could be meant for the file at `path`: one is the end of the other, in any case,
/// and at most one part has a typo.
pub fn is_like(name: &str, path: &str) -> bool {
    let (name, path) = (name.to_lowercase(), path.to_lowercase());
    let (names, parts) = (name.split('/').count(), path.split('/').count());
    let pairs = name.rsplit('/').zip(path.rsplit('/'));
    let mut n_typos = 0;
    for (written, part) in pairs {
        if written != part {
            if !is_typo(written, part) {
                return false;
            }
            n_typos += 1;
        }
    }
    // A typo in a bare name leaves too little.
    n_typos == 0 || (n_typos == 1 && (names == parts || names.min(parts) > 1))
}

/// Whether the last parts of two paths are the same, in any case.
pub fn has_same_name(name: &str, path: &str) -> bool {
    let last = |path: &str| path.rsplit('/').next().map(str::to_lowercase);
    last(name) == last(path)
}

/// Whether one part of a path may be the other with a slip of the fingers: short names are too near to each other
/// for that.
fn is_typo(written: &str, part: &str) -> bool {
    let stem = |name: &str| name.rsplit_once('.').map_or(name, |(stem, _)| stem).chars().count();
    let allowed = match stem(written).max(stem(part)) {
        0..=2 => 0,
        3..=7 => 1,
        _ => 2,
    };
    written.chars().count().abs_diff(part.chars().count()) <= allowed
        && strsim::osa_distance(written, part) <= allowed
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
    }
}
