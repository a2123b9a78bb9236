//! Secrets that requests bring: each becomes a key of a Secret, and only a mask is ever shown of it.

use troupe_core::model::SecretRef;
use troupe_core::port::SecretSource;
use troupe_crds::Kind;
use troupe_crds::reference::SecretKeyReference;
use troupe_crds::runtime::KEY_SECRETS;

use crate::app::App;
use crate::http::error::Problem;
use crate::service::manifest::wrong;
use crate::service::resolve::is_mask;
use crate::service::rights::Asker;

/// The Secret in which a resource's posted values are kept. The prefix is the one that a runtime in a cluster may write.
pub fn key_name(kind: Kind, name: &str) -> String {
    format!("{KEY_SECRETS}{}-{name}", kind.plural())
}

/// A value on its way into a Secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Posted {
    /// The Secret.
    pub name: String,
    /// The key in it.
    pub key: String,
    /// The value.
    pub value: String,
}

impl std::fmt::Debug for Posted {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Posted").field("name", &self.name).field("key", &self.key).finish_non_exhaustive()
    }
}

impl Posted {
    /// What a body says of a secret: nothing (`None`), the mask (`Some(None)`: keep it), or a value, perhaps empty.
    pub fn read(field: &str, value: Option<&str>, most: usize) -> Result<Option<Option<String>>, Problem> {
        let Some(value) = value else { return Ok(None) };
        if is_mask(value) {
            return Ok(Some(None));
        }
        if value.chars().count() > most {
            return Err(wrong(field, format!("it is longer than {most} characters")));
        }
        if value.contains(['\0', '\r', '\n']) {
            return Err(wrong(field, "it holds line breaks or zero bytes: send one line"));
        }
        Ok(Some(Some(value.to_owned())))
    }
}

impl App {
    /// Writes values into their Secrets.
    pub async fn keep(&self, asker: &Asker, values: &[Posted]) -> Result<(), Problem> {
        for posted in values {
            self.may_keep(asker, &posted.name).await?;
            self.catalog.set_secret(&posted.name, &posted.key, &posted.value).await?;
        }
        Ok(())
    }

    /// Removes a Secret that was made for posted values, where there is one.
    pub async fn forget(&self, asker: &Asker, secret: &str) -> Result<(), Problem> {
        self.may_forget(asker, secret).await?;
        self.catalog.delete_secret(secret).await?;
        Ok(())
    }

    /// The value that a reference stands for, where there is one.
    pub async fn secret_value(&self, reference: &SecretKeyReference) -> Option<String> {
        let reference = SecretRef::Key { name: reference.name.clone(), key: reference.key.clone() };
        self.secrets.secret(&reference).await.ok().map(|value| value.to_string())
    }
}
