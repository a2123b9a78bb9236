//! TLS by rustls with ring: the system's certificate authorities and those that a configuration adds.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use crate::NetError;

/// The TLS configuration of all connections. Built once, because reading the system's certificates takes milliseconds.
pub(crate) fn configuration(extra_authorities: Option<&[u8]>) -> Result<ClientConfig, NetError> {
    let wrong = |what: &str, error: &dyn std::error::Error| NetError::Configure { reason: format!("{what}: {error}") };
    let provider = Arc::new(ring::default_provider());
    let extra = CertificateDer::pem_slice_iter(extra_authorities.unwrap_or_default())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| wrong("the extra certificate authorities are no PEM", &error))?;
    if extra_authorities.is_some() && extra.is_empty() {
        let reason = "the extra certificate authorities hold no certificate".to_owned();
        return Err(NetError::Configure { reason });
    }
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong("no TLS versions", &error))?;
    let builder = match Verifier::new_with_extra_roots(extra, provider) {
        Ok(verifier) => builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)),
        // With extra authorities the system's may be missing, so the extra ones themselves are wrong.
        Err(error) if extra_authorities.is_some() => return Err(wrong("the extra certificate authorities", &error)),
        // A container without certificates still serves models and tools over plain HTTP; HTTPS then names the cause.
        Err(error) => {
            tracing::warn!(error = %error, "no certificate authorities found, so every https request will fail");
            builder.with_root_certificates(RootCertStore::empty())
        }
    };
    let mut configuration = builder.with_no_client_auth();
    configuration.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(configuration)
}
