//! The programs that merchants register, each for one mode: sandbox and production have credentials of their own.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use posthorn_core::event::Mode;
use posthorn_core::id::{ApplicationId, MerchantId};
use posthorn_core::oauth::{APPLICATIONS_MAX, Application, ClientKind, REDIRECTS_MAX, RedirectUri};
use posthorn_core::secret::{Secret, keyed_hash};
use posthorn_store::{NewApplication, Page, StoreError};

use crate::Engine;
use crate::caller::{Caller, RequestKey};
use crate::error::EngineError;
use crate::settings::refuse;
use crate::shared::Shared;

/// Characters a name may have: it stands on the page where users consent.
const NAME_CHARS_MAX: usize = 100;

/// An application to register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationDraft {
    /// What people call it.
    pub name: String,
    /// Whether it can keep a secret.
    pub kind: ClientKind,
    /// Where its users are sent back to.
    pub redirects: Vec<String>,
}

/// An application that was registered.
pub struct Registered {
    /// It.
    pub application: Application,
    /// Its secret, shown this once; a public application has none, and a repeated request shows none.
    pub secret: Option<Secret>,
    /// Whether the same request had registered it before.
    pub before: bool,
}

impl Shared {
    fn draft(
        &self,
        place: (MerchantId, Mode),
        draft: ApplicationDraft,
    ) -> Result<(NewApplication, Option<Secret>), EngineError> {
        let name = draft.name;
        let chars = name.chars().count();
        if name.trim().is_empty() || chars > NAME_CHARS_MAX || name.chars().any(char::is_control) {
            return refuse("name", format!("must be one line of 1 to {NAME_CHARS_MAX} characters"));
        }
        if draft.redirects.len() > REDIRECTS_MAX {
            return refuse("redirect_uris", format!("must be at most {REDIRECTS_MAX}"));
        }
        let redirects = draft.redirects.iter();
        let redirects = redirects.map(|uri| RedirectUri::read(uri, place.1, draft.kind));
        let redirects = match redirects.collect::<Result<Vec<_>, _>>() {
            Ok(redirects) => redirects,
            Err(bad) => return refuse("redirect_uris", bad.to_string()),
        };
        if draft.kind == ClientKind::Public && redirects.is_empty() {
            let what =
                "a public application acts for its users, and needs somewhere to send them back to";
            return refuse("redirect_uris", what);
        }
        let mode = place.1.name();
        let secret = (draft.kind == ClientKind::Confidential).then(|| {
            let random = BASE64URL_NOPAD.encode(&self.entropy.bytes::<32>());
            Secret::new(format!("cs_{mode}_{random}"))
        });
        let hint = secret.as_ref().map(|secret| {
            let text = secret.expose();
            let tail = text.get(text.len().saturating_sub(4)..).unwrap_or_default();
            format!("cs_{mode}_…{tail}")
        });
        let new = NewApplication {
            place,
            client: format!("client_{mode}_{}", HEXLOWER.encode(&self.entropy.bytes::<12>())),
            name,
            kind: draft.kind,
            redirects,
            hint,
            secret: secret.as_ref().map(|secret| keyed_hash(&self.pepper, secret.expose())),
            created: self.clock.now(),
        };
        Ok((new, secret))
    }
}

impl Engine {
    /// Registers an application.
    pub async fn create_application(
        &self,
        caller: Caller,
        place: (MerchantId, Mode),
        draft: ApplicationDraft,
        request: Option<&RequestKey>,
    ) -> Result<Registered, EngineError> {
        let (engine, request) = (self.clone(), request.cloned());
        let work = async move {
            let shared = &engine.shared;
            let (once, _held) = shared.once(caller, request.as_ref())?;
            if let Some(id) = shared.used(once).await? {
                let application = engine.application_on_record(ApplicationId::from_i64(id)).await?;
                return Ok(Registered { application, secret: None, before: true });
            }
            let (new, secret) = shared.draft(place, draft)?;
            let done = match shared.store.create_application(new, once).await {
                Err(StoreError::TooMany { .. }) => {
                    let what = format!(
                        "there are {APPLICATIONS_MAX} applications in this mode, the most that is \
                         allowed; delete one"
                    );
                    return Err(EngineError::Conflict { what });
                }
                done => done?,
            };
            let before = done.is_before();
            let application = engine.application_on_record(done.get()).await?;
            Ok(Registered { application, secret: secret.filter(|_| !before), before })
        };
        self.through(work).await
    }

    async fn application_on_record(&self, id: ApplicationId) -> Result<Application, EngineError> {
        let found = self.shared.store.application(id).await?;
        found.ok_or(EngineError::Missing { what: "application" })
    }

    /// A merchant's applications, oldest first.
    pub async fn applications(
        &self,
        place: (MerchantId, Mode),
        page: Page<ApplicationId>,
    ) -> Result<Vec<Application>, EngineError> {
        Ok(self.shared.store.applications(place, page).await?)
    }

    /// One of a merchant's applications.
    pub async fn application(
        &self,
        place: (MerchantId, Mode),
        id: ApplicationId,
    ) -> Result<Application, EngineError> {
        let found = self.application_on_record(id).await?;
        if (found.merchant, found.mode) != place || found.deleted.is_some() {
            return Err(EngineError::Missing { what: "application" });
        }
        Ok(found)
    }

    /// Deletes an application: what it was granted ends with it.
    pub async fn delete_application(
        &self,
        place: (MerchantId, Mode),
        id: ApplicationId,
    ) -> Result<(), EngineError> {
        let at = self.shared.clock.now();
        if self.shared.store.delete_application(place, id, at).await? {
            Ok(())
        } else {
            Err(EngineError::Missing { what: "application" })
        }
    }
}
