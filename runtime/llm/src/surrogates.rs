//! Mends JSON in which a character is cut in two: servers in JavaScript cut texts between the halves of a surrogate pair,
//! which no JSON reader that knows only whole characters accepts.

/// What stands for a half: the replacement character, as an escape of the same length.
const REPLACEMENT: &[u8; 6] = b"\\ufffd";

/// The document with each unpaired half replaced; `None` if it has none.
pub(crate) fn mended(document: &[u8]) -> Option<Vec<u8>> {
    let mut mended: Option<Vec<u8>> = None;
    let mut place = 0;
    while let Some(step) = memchr::memchr(b'\\', &document[place..]) {
        place += step;
        match unit(document, place) {
            // Any other escape, which may be of a backslash.
            None => place += 2,
            Some(0xD800..=0xDBFF) if matches!(unit(document, place + 6), Some(0xDC00..=0xDFFF)) => place += 12,
            Some(0xD800..=0xDFFF) => {
                let copy = mended.get_or_insert_with(|| document.to_vec());
                copy[place..place + 6].copy_from_slice(REPLACEMENT);
                place += 6;
            }
            Some(_) => place += 6,
        }
        if place >= document.len() {
            break;
        }
    }
    mended
}

/// The number of the escape `\uXXXX` at a place, if there is one.
fn unit(document: &[u8], place: usize) -> Option<u16> {
    let escape = document.get(place..place + 6)?;
    let digits = std::str::from_utf8(escape.strip_prefix(b"\\u")?).ok()?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_halves_are_replaced() {
        let cases = [
            (r#""\ud83d\ude00""#, None),
            (r#""\\ud83d \n é""#, None),
            (r#""a\ud83d""#, Some(r#""a\ufffd""#)),
            (r#""\ude00b""#, Some(r#""\ufffdb""#)),
            (r#""\ud83d\ud83d\ude00\\""#, Some(r#""\ufffd\ud83d\ude00\\""#)),
            (r#""\ud83"#, None),
            ("\\", None),
        ];
        for (document, expected) in cases {
            let found = mended(document.as_bytes()).map(|found| String::from_utf8(found).unwrap());
            assert_eq!(found.as_deref(), expected, "{document}");
        }
    }
}
