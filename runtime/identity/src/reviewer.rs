//! Asks the API server, and remembers its answers for seconds.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec};
use k8s_openapi::api::authorization::v1::{LocalSubjectAccessReview, ResourceAttributes, SubjectAccessReviewSpec};
use kube::Client;
use kube::api::{Api, ObjectMeta, PostParams};
use moka::future::Cache;
use tokio::time::Instant;

use crate::access::Access;
use crate::denied::Denied;
use crate::identity::Identity;

/// The longest token that is sent on, in bytes: service-account tokens are about 1 KiB.
const LONGEST_TOKEN: usize = 16 * 1024;

/// How a reviewer is set up.
#[derive(Clone, Debug)]
pub struct ReviewerOptions {
    /// The namespace whose rights count.
    pub namespace: String,
    /// What a token must be for; see [`ReviewerOptions::new`].
    pub audience: String,
    /// How long an answer counts. A right that was taken away goes on for as long.
    pub fresh: Duration,
    /// How long an answer counts while the API server does not answer.
    pub stale: Duration,
    /// The most answers of each sort that are remembered.
    pub remembered: u64,
}

impl ReviewerOptions {
    /// The audience `troupe:<namespace>`: a runtime could replay a token that is good elsewhere. Answers count for 5
    /// seconds, for 2 minutes while the API server is away.
    pub fn new(namespace: impl Into<String>) -> Self {
        let namespace = namespace.into();
        Self {
            audience: format!("troupe:{namespace}"),
            namespace,
            fresh: Duration::from_secs(5),
            stale: Duration::from_mins(2),
            remembered: 10_000,
        }
    }
}

/// Who asks, and what they may do, as the API server of this namespace sees it. Clones share what is remembered.
#[derive(Clone)]
pub struct Reviewer {
    shared: Arc<Shared>,
}

struct Shared {
    options: ReviewerOptions,
    client: Client,
    /// By token and audiences; they stay in memory only. `None` = not authenticated.
    identities: Answers<Arc<str>, Option<Arc<Identity>>>,
    rights: Answers<(Arc<Identity>, Access), bool>,
}

impl std::fmt::Debug for Reviewer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Reviewer").field("audience", &self.shared.options.audience).finish_non_exhaustive()
    }
}

impl Reviewer {
    /// A reviewer that asks through `client`, whose account may create TokenReviews (cluster-wide) and
    /// LocalSubjectAccessReviews (in the namespace).
    pub fn new(client: Client, options: ReviewerOptions) -> Self {
        let shared = Shared { identities: Answers::new(&options), rights: Answers::new(&options), client, options };
        Self { shared: Arc::new(shared) }
    }

    /// The namespace whose rights count.
    pub fn namespace(&self) -> &str {
        &self.shared.options.namespace
    }

    /// Who holds `token`.
    ///
    /// # Errors
    /// [`Denied::Unknown`] for a token that is no good or for another audience; [`Denied::Unavailable`].
    pub async fn authenticate(&self, token: &str) -> Result<Arc<Identity>, Denied> {
        self.authenticate_for(token, &[]).await
    }

    /// The same, where tokens for one of `others` are good too.
    ///
    /// # Errors
    /// As [`Reviewer::authenticate`].
    pub async fn authenticate_for(&self, token: &str, others: &[String]) -> Result<Arc<Identity>, Denied> {
        if token.is_empty() || token.len() > LONGEST_TOKEN || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(self.unknown());
        }
        let own = std::iter::once(&self.shared.options.audience);
        let audiences: Vec<String> = own.chain(others).cloned().collect();
        // A token has no line breaks, so that what is behind the first one is no part of it.
        let key = Arc::from(format!("{token}\n{}", audiences.join("\n")));
        let answer = self.shared.identities.get(key, || self.shared.who(token, &audiences)).await?;
        answer.ok_or_else(|| self.unknown())
    }

    /// What is said to who brings no token that is good here.
    pub fn unknown(&self) -> Denied {
        let ReviewerOptions { audience, namespace, .. } = &self.shared.options;
        Denied::Unknown { audience: audience.clone(), namespace: namespace.clone() }
    }

    /// Whether `identity` may do what `access` says.
    ///
    /// # Errors
    /// [`Denied::Forbidden`] and [`Denied::Unavailable`].
    pub async fn review(&self, identity: &Arc<Identity>, access: &Access) -> Result<(), Denied> {
        let shared = &self.shared;
        let key = (Arc::clone(identity), access.clone());
        if shared.rights.get(key, || shared.may(identity, access)).await? {
            return Ok(());
        }
        Err(self.forbidden(&identity.user, access))
    }

    /// What is said to a user who may not do what `access` says.
    pub fn forbidden(&self, user: &str, access: &Access) -> Denied {
        Denied::Forbidden {
            user: user.to_owned(),
            access: Box::new(access.clone()),
            namespace: self.shared.options.namespace.clone(),
        }
    }
}

impl Shared {
    async fn who(&self, token: &str, audiences: &[String]) -> Result<Option<Arc<Identity>>, kube::Error> {
        let spec = TokenReviewSpec { token: Some(token.to_owned()), audiences: Some(audiences.to_vec()) };
        let review = TokenReview { metadata: ObjectMeta::default(), spec, status: None };
        let reviews = Api::<TokenReview>::all(self.client.clone());
        let status = reviews.create(&PostParams::default(), &review).await?.status.unwrap_or_default();
        // An authenticator that knows nothing of audiences answers without any: that is not good enough.
        let ours = status.audiences.unwrap_or_default().iter().any(|audience| audiences.contains(audience));
        let known = status.authenticated == Some(true) && ours;
        Ok(status.user.filter(|_| known).map(|user| Arc::new(Identity::from(user))))
    }

    async fn may(&self, identity: &Identity, access: &Access) -> Result<bool, kube::Error> {
        let attributes = ResourceAttributes {
            namespace: Some(self.options.namespace.clone()),
            verb: Some(access.verb.to_owned()),
            group: Some(access.group.to_owned()),
            resource: Some(access.resource.clone().into_owned()),
            subresource: access.subresource.map(str::to_owned),
            name: access.name.clone(),
            ..ResourceAttributes::default()
        };
        let spec = SubjectAccessReviewSpec {
            user: Some(identity.user.clone()),
            uid: identity.uid.clone(),
            groups: Some(identity.groups.clone()),
            extra: Some(identity.extra.clone().into_iter().collect()),
            resource_attributes: Some(attributes),
            non_resource_attributes: None,
        };
        let metadata = ObjectMeta { namespace: Some(self.options.namespace.clone()), ..ObjectMeta::default() };
        let review = LocalSubjectAccessReview { metadata, spec, status: None };
        let reviews = Api::<LocalSubjectAccessReview>::namespaced(self.client.clone(), &self.options.namespace);
        let status = reviews.create(&PostParams::default(), &review).await?.status;
        Ok(status.is_some_and(|status| status.allowed && status.denied != Some(true)))
    }
}

/// Answers of the API server with their time.
struct Answers<K, V> {
    known: Cache<K, (Instant, V)>,
    fresh: Duration,
}

impl<K: Hash + Eq + Send + Sync + 'static, V: Clone + Send + Sync + 'static> Answers<K, V> {
    fn new(options: &ReviewerOptions) -> Self {
        let known = Cache::builder().max_capacity(options.remembered).time_to_live(options.stale).build();
        Self { known, fresh: options.fresh }
    }

    /// The answer that is known and fresh, else a new one; an old one where there is no new one to be had.
    async fn get<A>(&self, key: K, ask: impl FnOnce() -> A) -> Result<V, Denied>
    where
        A: Future<Output = Result<V, kube::Error>>,
    {
        let known = self.known.get(&key).await;
        if let Some((at, answer)) = &known
            && at.elapsed() < self.fresh
        {
            return Ok(answer.clone());
        }
        // A call of the API server is a future of many KiB, which nobody else's future has to have room for.
        Box::pin(self.renew(key, known, ask())).await
    }

    async fn renew(
        &self,
        key: K,
        known: Option<(Instant, V)>,
        ask: impl Future<Output = Result<V, kube::Error>>,
    ) -> Result<V, Denied> {
        match ask.await {
            Ok(answer) => {
                self.known.insert(key, (Instant::now(), answer.clone())).await;
                Ok(answer)
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the API server did not review a request");
                known.map(|(_, answer)| answer).ok_or(Denied::Unavailable)
            }
        }
    }
}
