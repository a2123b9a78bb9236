//! Sizes as people write them.

use std::str::FromStr;

/// A number of bytes or characters, with `K`, `M` or `G` for powers of 1024.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

/// Text that is no [`Size`].
#[derive(Debug, thiserror::Error)]
#[error("write a number, with K, M or G for powers of 1024, such as 262144 or 100M")]
pub struct InvalidSize;

impl FromStr for Size {
    type Err = InvalidSize;

    fn from_str(text: &str) -> Result<Self, InvalidSize> {
        let text = text.trim().to_ascii_uppercase();
        let text = text.strip_suffix('B').unwrap_or(&text);
        let units = [('K', 10), ('M', 20), ('G', 30)];
        let unit = units.iter().find_map(|(letter, power)| text.strip_suffix(*letter).map(|number| (number, *power)));
        let (number, power) = unit.unwrap_or((text, 0));
        let number: u64 = number.trim().parse().map_err(|_| InvalidSize)?;
        number.checked_mul(1 << power).map(Self).ok_or(InvalidSize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_of_1024() {
        for (text, bytes) in
            [("0", 0), ("12", 12), ("4K", 4096), ("100M", 104_857_600), ("1g", 1 << 30), ("2 MB", 2 << 20)]
        {
            assert_eq!(text.parse::<Size>().unwrap(), Size(bytes), "{text}");
        }
        for text in ["", "M", "-1", "1.5M", "99999999999999G"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}
