//! Who asks, and what they may do: the one place that says so.
//!
//! Over folders, and in a program of one's own, nobody is known and everything is allowed. In a cluster everyone is
//! who their token says, and the API server says what they may do (`docs/rights.md` lists it by route).

mod invoke;

use std::sync::Arc;

use kube::Client;
use troupe_catalog::WriteError;
use troupe_core::id::ContentHash;
use troupe_core::port::Idempotency;
use troupe_crds::{Kind, id};
use troupe_identity::{Access, Denied, Identity, Reviewer, ReviewerOptions};

use crate::app::App;
use crate::http::error::Problem;

/// Who comes without a token where that is allowed, as Kubernetes calls them.
const ANONYMOUS: (&str, &str) = ("system:anonymous", "system:unauthenticated");

/// What stands for conversations in a Role; there are no such objects.
const SESSIONS: &str = "sessions";

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asker {
    identity: Option<Arc<Identity>>,
    force: bool,
}

impl Asker {
    /// Nobody in particular: a program that calls its own service, or a request over folders. In a cluster nobody has
    /// no right at all.
    pub fn nobody() -> Self {
        Self::default()
    }

    /// Somebody who was authenticated.
    pub fn known(identity: Arc<Identity>) -> Self {
        Self { identity: Some(identity), force: false }
    }

    /// The same, who insists, or not, on writing what a GitOps tool or Helm manages.
    #[must_use]
    pub fn forcing(self, force: bool) -> Self {
        Self { force, ..self }
    }

    /// Whether what a GitOps tool or Helm manages is to be written all the same.
    pub fn forces(&self) -> bool {
        self.force
    }

    /// The user to whom sessions, runs and files belong; empty for nobody.
    pub fn user(&self) -> &str {
        self.identity.as_ref().map_or("", |identity| &identity.user)
    }

    /// Who it is, where that is known.
    pub fn identity(&self) -> Option<&Arc<Identity>> {
        self.identity.as_ref()
    }
}

/// What a request brings besides its body.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// Who asks.
    pub asker: Asker,
    /// The request's id.
    pub request_id: Option<String>,
    /// Its idempotency key.
    pub key: Option<String>,
    /// What the caller called the request by: see [`Caller::on`].
    pub idempotency: Option<Idempotency>,
}

impl Caller {
    /// The same for a request of a route with a body: its key is one among this caller's on this route.
    #[must_use]
    pub fn on(self, route: &str, body: &[u8]) -> Self {
        let user = self.asker.user();
        // The quotes keep a user whose name holds a route from another's keys.
        let scope = if user.is_empty() { route.to_owned() } else { format!("{user:?} {route}") };
        let idempotency = self.key.clone().map(|key| Idempotency { scope, key, body: ContentHash::of(body) });
        Self { idempotency, ..self }
    }

    /// The user to whom what comes of it belongs.
    pub fn user(&self) -> String {
        self.asker.user().to_owned()
    }
}

/// What decides about rights.
#[derive(Clone, Debug, Default)]
pub struct Rights(Option<Reviewer>);

impl Rights {
    /// Nobody is known, everything is allowed: folders, and programs of one's own.
    pub fn open() -> Self {
        Self(None)
    }

    /// The API server behind `client` decides, for one namespace. The client's account needs to create
    /// `TokenReview`s and, in the namespace, `LocalSubjectAccessReview`s.
    pub fn cluster(client: Client, namespace: &str) -> Self {
        Self(Some(Reviewer::new(client, ReviewerOptions::new(namespace))))
    }

    /// Whether everything is allowed.
    pub fn is_open(&self) -> bool {
        self.0.is_none()
    }

    /// The namespace whose rights count, in a cluster.
    pub fn namespace(&self) -> Option<&str> {
        self.0.as_ref().map(Reviewer::namespace)
    }

    /// Who brings `token`. Without one, somebody only where `anonymous` says so; tokens for `audiences` are good beside
    /// those for `troupe:<namespace>`.
    ///
    /// # Errors
    /// [`Denied::Unknown`] and [`Denied::Unavailable`].
    pub async fn who(&self, token: Option<&str>, audiences: &[String], anonymous: bool) -> Result<Asker, Denied> {
        let Some(reviewer) = &self.0 else { return Ok(Asker::nobody()) };
        match token {
            Some(token) => reviewer.authenticate_for(token, audiences).await.map(Asker::known),
            None if anonymous => {
                let (user, group) = (ANONYMOUS.0.to_owned(), ANONYMOUS.1.to_owned());
                Ok(Asker::known(Arc::new(Identity { user, groups: vec![group], ..Identity::default() })))
            }
            None => Err(reviewer.unknown()),
        }
    }

    /// Whether `asker` may do what `access` says.
    ///
    /// # Errors
    /// [`Denied::Forbidden`] and [`Denied::Unavailable`].
    pub async fn review(&self, asker: &Asker, access: &Access) -> Result<(), Denied> {
        match (&self.0, &asker.identity) {
            (None, _) => Ok(()),
            (Some(reviewer), Some(identity)) => reviewer.review(identity, access).await,
            (Some(reviewer), None) => Err(reviewer.forbidden("", access)),
        }
    }
}

/// The 401, 403 or 503 of somebody who is not let in.
impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match &denied {
            Denied::Unknown { .. } => Self::unauthorized(denied.to_string()),
            Denied::Forbidden { .. } => Self::forbidden(denied.to_string()),
            Denied::Unavailable => Self::unavailable(denied.to_string()),
        }
    }
}

impl App {
    /// Refuses with 403 what `asker` may not do.
    pub async fn may(&self, asker: &Asker, access: Access) -> Result<(), Problem> {
        Ok(self.rights.review(asker, &access).await?)
    }

    /// Whether `asker` may do what `access` says.
    ///
    /// # Errors
    /// A 503 while nobody can say.
    pub async fn can(&self, asker: &Asker, access: &Access) -> Result<bool, Problem> {
        match self.rights.review(asker, access).await {
            Ok(()) => Ok(true),
            Err(Denied::Forbidden { .. }) => Ok(false),
            Err(denied) => Err(denied.into()),
        }
    }

    /// The name by which a right on an object is reviewed: that of the object which a name or id means, else the one
    /// that an object of this id would have.
    pub fn name_for(&self, kind: Kind, name_or_id: &str) -> String {
        let view = self.catalog.view();
        view.find(kind, name_or_id).map_or_else(|| id::slug(name_or_id), |entry| entry.name.as_ref().to_owned())
    }

    /// Whether `asker` may write an object: `update` where it is there, else `create`. What a GitOps tool or Helm
    /// manages is refused before anything else of the request is done, such as the writing of a key.
    pub async fn may_write(&self, asker: &Asker, kind: Kind, name: &str) -> Result<(), Problem> {
        let verb = if self.catalog.view().get(kind, name).is_some() { "update" } else { "create" };
        self.may(asker, Access::to(verb, kind.plural()).named(name)).await?;
        self.is_ours(asker, kind, name)
    }

    fn is_ours(&self, asker: &Asker, kind: Kind, name: &str) -> Result<(), Problem> {
        let manager = self.catalog.view().get(kind, name).and_then(|entry| entry.managed_by.clone());
        match manager.filter(|_| !asker.forces()) {
            Some(manager) => Err(WriteError::Managed { kind, name: name.to_owned(), manager }.into()),
            None => Ok(()),
        }
    }

    /// The same for a Secret.
    pub async fn may_keep(&self, asker: &Asker, secret: &str) -> Result<(), Problem> {
        let verb = if self.has_secret(secret) { "update" } else { "create" };
        self.may(asker, Access::secret(verb).named(secret)).await
    }

    /// Whether `asker` may delete an object.
    pub async fn may_delete(&self, asker: &Asker, kind: Kind, name: &str) -> Result<(), Problem> {
        self.may(asker, Access::to("delete", kind.plural()).named(name)).await?;
        self.is_ours(asker, kind, name)
    }

    /// Whether `asker` may delete a Secret, where there is one.
    pub async fn may_forget(&self, asker: &Asker, secret: &str) -> Result<(), Problem> {
        if !self.has_secret(secret) {
            return Ok(());
        }
        self.may(asker, Access::secret("delete").named(secret)).await
    }

    fn has_secret(&self, secret: &str) -> bool {
        self.catalog.secret_keys().iter().any(|(name, _)| name == secret)
    }

    /// Whose sessions and runs `asker` is listed: one user's, or with `list sessions` everyone's (`None`).
    pub async fn whose(&self, asker: &Asker) -> Result<Option<String>, Problem> {
        let is_everyones = !self.rights.is_open() && self.can(asker, &Access::to("list", SESSIONS)).await?;
        Ok((!is_everyones).then(|| asker.user().to_owned()))
    }

    /// Whether `asker` may do something to what belongs to `owner`: a session, or what ran in it. What one may not even
    /// read is `missing`, as if it were not there.
    pub async fn may_reach(
        &self,
        asker: &Asker,
        owner: &str,
        (verb, session): (&'static str, Option<&str>),
        missing: impl FnOnce() -> Problem + Send,
    ) -> Result<(), Problem> {
        let is_somebody = asker.identity().is_some() || self.rights.is_open();
        if is_somebody && owner == asker.user() {
            return Ok(());
        }
        if self.rights.is_open() {
            return Err(missing());
        }
        let access = |verb| Access { name: session.map(str::to_owned), ..Access::to(verb, SESSIONS) };
        let Err(denied) = self.rights.review(asker, &access(verb)).await else { return Ok(()) };
        match denied {
            Denied::Forbidden { .. } if verb == "get" => Err(missing()),
            Denied::Forbidden { .. } => match self.rights.review(asker, &access("get")).await {
                Err(Denied::Forbidden { .. }) => Err(missing()),
                _ => Err(denied.into()),
            },
            denied => Err(denied.into()),
        }
    }
}
