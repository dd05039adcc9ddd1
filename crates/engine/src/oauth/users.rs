//! What users do for themselves: they set their password by an invitation of their merchant's, and change it; and what their
//! merchant sees and ends of what they have let applications do.
//!
//! An invitation is kept nowhere: it is the user, a time, and a proof that is reckoned with the password that the user had when it was
//! made. So it sets one password and is over, as every other invitation of that user then is.

use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};
use posthorn_core::event::Mode;
use posthorn_core::id::{ApplicationId, LoginId, MerchantId};
use posthorn_core::oauth::{BadLogin, Login, check_password};
use posthorn_core::secret::{Secret, constant_time_eq, keyed_hash};
use posthorn_store::{LetIn, Page};

use super::consent::NotIn;
use crate::Engine;
use crate::error::EngineError;
use crate::passwords::For;
use crate::shared::Shared;

/// How long an invitation is good.
const INVITATION_LASTS: SignedDuration = SignedDuration::from_hours(72);

/// What a user is sent to set its password by.
pub struct Invitation {
    /// Whoever has it sets the password.
    pub token: Secret,
    /// Until when it is good, in real time.
    pub expires: Timestamp,
}

/// Why no password was set.
#[derive(Debug, thiserror::Error)]
pub enum NotSet {
    /// There is no such invitation, or it is over.
    #[error("this invitation is not good (any more)")]
    Over,
    /// No such user, or another password than it has.
    #[error("the e-mail address or the password is wrong")]
    Wrong,
    /// It is too short or too long.
    #[error("the new password {0}")]
    Unfit(BadLogin),
    /// It could not be looked up or written.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Shared {
    fn invitation_proof(&self, login: &Login, ends_s: i64) -> [u8; 32] {
        let had = HEXLOWER.encode(&login.password);
        keyed_hash(&self.pepper, &format!("invitation {} {ends_s} {had}", login.id))
    }
}

impl Engine {
    /// One of a merchant's users.
    pub async fn login(
        &self,
        place: (MerchantId, Mode),
        id: LoginId,
    ) -> Result<Login, EngineError> {
        let found = self.shared.store.login(id).await?;
        let theirs = found.filter(|login| (login.merchant, login.mode) == place);
        theirs.ok_or(EngineError::Missing { what: "user" })
    }

    /// An invitation for a user to set its password: its first, or another for one that it has forgotten.
    pub async fn invite(
        &self,
        place: (MerchantId, Mode),
        id: LoginId,
    ) -> Result<Invitation, EngineError> {
        let login = self.login(place, id).await?;
        let ends_s = self.shared.clock.now().as_second() + INVITATION_LASTS.as_secs();
        let proof = HEXLOWER.encode(&self.shared.invitation_proof(&login, ends_s));
        let token = Secret::new(format!("{id}.{ends_s}.{proof}"));
        let expires = Timestamp::from_second(ends_s).unwrap_or(Timestamp::MAX);
        Ok(Invitation { token, expires })
    }

    /// Whom an invitation invites.
    pub async fn invited(&self, token: &str) -> Result<Login, NotSet> {
        let mut parts = token.splitn(3, '.');
        let mut next = || parts.next().ok_or(NotSet::Over);
        let (id, ends, proof) = (next()?, next()?, next()?);
        let id: LoginId = id.parse().map_err(|_| NotSet::Over)?;
        let ends: i64 = ends.parse().map_err(|_| NotSet::Over)?;
        let proof = HEXLOWER.decode(proof.as_bytes()).map_err(|_| NotSet::Over)?;
        let found = self.shared.store.login(id).await.map_err(EngineError::from)?;
        let login = found.ok_or(NotSet::Over)?;
        let proven = constant_time_eq(&proof, &self.shared.invitation_proof(&login, ends));
        let is_good = proven && self.shared.clock.now().as_second() < ends;
        if is_good { Ok(login) } else { Err(NotSet::Over) }
    }

    /// Whoever is invited sets the password: the invitation is over then, and so are its others.
    pub async fn accept_invitation(&self, token: &str, password: Secret) -> Result<(), NotSet> {
        let login = self.invited(token).await?;
        check_password(password.expose()).map_err(NotSet::Unfit)?;
        let about = (login.mode, login.email.as_str());
        let hash = self.shared.hashed(For::Stranger, about, password).await?;
        if self.put_password(&login, &hash).await? { Ok(()) } else { Err(NotSet::Over) }
    }

    /// A user changes its password, on each account where it has this one.
    pub async fn change_password(
        &self,
        (mode, address): (Mode, &str),
        was: Secret,
        password: Secret,
    ) -> Result<(), NotSet> {
        check_password(password.expose()).map_err(NotSet::Unfit)?;
        let (email, right) =
            self.who(mode, (address, was)).await.map_err(|not_in| match not_in {
                NotIn::Wrong | NotIn::Several(_) => NotSet::Wrong,
                NotIn::Engine(error) => NotSet::Engine(error),
            })?;
        if right.is_empty() {
            return Err(NotSet::Wrong);
        }
        let hash = self.shared.hashed(For::Stranger, (mode, &email), password).await?;
        let mut set = false;
        for login in right {
            set |= self.put_password(&login, &hash).await?;
        }
        if set { Ok(()) } else { Err(NotSet::Wrong) }
    }

    async fn put_password(&self, login: &Login, hash: &[u8]) -> Result<bool, EngineError> {
        let (was, is) = (login.password.clone(), hash.to_vec());
        Ok(self.shared.store.set_login_password(login.id, was, is).await?)
    }

    /// What one of a merchant's users lets applications do, by the application.
    pub async fn let_in_by(
        &self,
        place: (MerchantId, Mode),
        id: LoginId,
        page: Page<ApplicationId>,
    ) -> Result<Vec<LetIn>, EngineError> {
        let login = self.login(place, id).await?;
        let now = self.shared.clock.now();
        Ok(self.shared.store.let_in_by(login.id, now, page).await?)
    }

    /// Ends what one of a merchant's users lets an application do: none of its tokens is good any more.
    pub async fn shut_out(
        &self,
        place: (MerchantId, Mode),
        id: LoginId,
        application: ApplicationId,
    ) -> Result<(), EngineError> {
        let login = self.login(place, id).await?;
        let at = self.shared.merchant_now(place);
        if self.shared.store.shut_out(login.id, application, at).await? {
            Ok(())
        } else {
            Err(EngineError::Missing { what: "application that this user lets in" })
        }
    }
}
