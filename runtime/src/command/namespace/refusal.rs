//! What the API server refuses, as a sentence that names the missing right.

use anyhow::bail;

/// The answer to a request that does `what` (as a Role would say it); `None` where the object is not there.
pub(super) fn may<T>(answer: Result<T, kube::Error>, what: &str, namespace: &str) -> anyhow::Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
        Err(kube::Error::Api(status)) if status.code == 403 => bail!(
            "you may not {what} in namespace {namespace:?}; a Role that allows it is missing ({})",
            status.message
        ),
        Err(kube::Error::Api(status)) if status.code == 401 => {
            bail!("the cluster does not know you; sign in again, as you would for kubectl ({})", status.message)
        }
        Err(error) => Err(anyhow::Error::new(error).context(format!("the API server did not answer to: {what}"))),
    }
}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::*;

    fn refused(code: u16) -> String {
        let status = Status { code, message: "pods is forbidden".to_owned(), ..Status::default() };
        may::<()>(Err(kube::Error::Api(Box::new(status))), "list pods", "team").unwrap_err().to_string()
    }

    #[test]
    fn a_refusal_names_the_right() {
        let told = r#"you may not list pods in namespace "team"; a Role that allows it is missing (pods is forbidden)"#;
        assert_eq!(refused(403), told);
        assert!(refused(401).starts_with("the cluster does not know you"));
    }

    #[test]
    fn what_is_not_there_is_no_refusal() {
        let status = Status { code: 404, ..Status::default() };
        assert_eq!(may::<()>(Err(kube::Error::Api(Box::new(status))), "get services", "team").unwrap(), None);
    }
}
