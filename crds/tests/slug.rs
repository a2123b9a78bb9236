//! Whatever the id, its slug is a name, always the same, and another id's is another.

use proptest::prelude::*;
use troupe_crds::id::{MAX_NAME_LENGTH, is_name, slug};

proptest! {
    #[test]
    fn every_slug_is_a_name(id in ".{0,80}") {
        let slug = slug(&id);
        prop_assert!(is_name(&slug), "{slug:?}");
        prop_assert!(slug.len() <= MAX_NAME_LENGTH);
    }

    #[test]
    fn a_name_is_its_own_slug(id in "[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?") {
        prop_assert_eq!(slug(&id), id);
    }

    #[test]
    fn ids_that_differ_have_slugs_that_differ(left in "[a-zA-Z0-9._:/-]{1,60}", right in "[a-zA-Z0-9._:/-]{1,60}") {
        prop_assert_eq!(slug(&left) == slug(&right), left == right);
    }

    #[test]
    fn ids_that_differ_in_what_a_slug_loses_are_told_apart(stem in "[a-z]{1,50}", left in "[._:/A-Z]", right in "[._:/A-Z]") {
        let slugs = (slug(&format!("{stem}{left}x")), slug(&format!("{stem}{right}x")));
        prop_assert_eq!(slugs.0 == slugs.1, left == right);
    }

    #[test]
    fn what_is_readable_stays_readable(word in "[a-z]{3,20}", other in "[A-Z]{3,8}") {
        let slug = slug(&format!("{word}/{other}"));
        let expected = format!("{word}-{}-", other.to_lowercase());
        prop_assert!(slug.starts_with(&expected));
        prop_assert_eq!(slug.len(), expected.len() + 8);
    }
}
