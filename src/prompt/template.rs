//! Templates: text with `{{slot}}`s, filled in one pass, so that a value that looks like a slot stays a value.

/// Fills every `{{slot}}` of `template`. A slot without a value is a defect of the library; it is left as it
/// stands, and `library_slots_are_known` fails.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let Some((slot, behind)) = after.split_once("}}") else {
            rest = &rest[before.len()..];
            break;
        };
        if let Some((_, value)) = values.iter().find(|(name, _)| *name == slot) {
            filled.push_str(value);
        } else {
            filled.extend(["{{", slot, "}}"]);
        }
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::fill;

    fn check(template: &str, values: &[(&str, &str)], expected: &str) {
        assert_eq!(fill(template, values), expected);
    }

    #[test]
    fn slots_are_filled_once() {
        check("a {{x}} b {{y}}", &[("x", "{{y}}"), ("y", "2")], "a {{y}} b 2");
    }

    #[test]
    fn an_unknown_or_unclosed_slot_stays() {
        check("{{z}} {{", &[], "{{z}} {{");
    }
}
