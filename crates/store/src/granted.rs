//! [`Grants`] on any [`Backend`]: which verb writes and which reads.

use jiff::Timestamp;
use posthorn_core::event::Mode;
use posthorn_core::id::{ApplicationId, LoginId, MerchantId};
use posthorn_core::oauth::{Application, Login};

use crate::backend::Backend;
use crate::backend::Lane::Ordinary;
use crate::verbs::{logins, oauth};
use crate::weight::SMALL;
use crate::{
    Answer, Done, Family, Grants, LetIn, NewApplication, NewLogin, NewToken, Once, Page, Redeemed,
    Token,
};

impl<B: Backend> Grants for B {
    fn create_application(
        &self,
        new: NewApplication,
        once: Option<Once>,
    ) -> Answer<'_, Done<ApplicationId>> {
        self.write(Ordinary, SMALL, async move |db| oauth::create(db, &new, once.as_ref()).await)
    }

    fn application(&self, id: ApplicationId) -> Answer<'_, Option<Application>> {
        self.read(async move |db| oauth::one(db, id).await)
    }

    fn application_by_client(&self, client: String) -> Answer<'_, Option<Application>> {
        self.read(async move |db| oauth::by_client(db, &client).await)
    }

    fn applications(
        &self,
        place: (MerchantId, Mode),
        page: Page<ApplicationId>,
    ) -> Answer<'_, Vec<Application>> {
        self.read(async move |db| oauth::list(db, place, page).await)
    }

    fn delete_application(
        &self,
        place: (MerchantId, Mode),
        id: ApplicationId,
        at: Timestamp,
    ) -> Answer<'_, bool> {
        self.write(Ordinary, SMALL, async move |db| oauth::delete(db, place, id, at).await)
    }

    fn create_login(&self, new: NewLogin, once: Option<Once>) -> Answer<'_, Done<LoginId>> {
        self.write(Ordinary, SMALL, async move |db| logins::create(db, &new, once.as_ref()).await)
    }

    fn logins(&self, place: (MerchantId, Mode), page: Page<LoginId>) -> Answer<'_, Vec<Login>> {
        self.read(async move |db| logins::list(db, place, page).await)
    }

    fn delete_login(
        &self,
        place: (MerchantId, Mode),
        id: LoginId,
        at: Timestamp,
    ) -> Answer<'_, bool> {
        self.write(Ordinary, SMALL, async move |db| logins::delete(db, place, id, at).await)
    }

    fn logins_by_email(&self, mode: Mode, email: String, limit: u32) -> Answer<'_, Vec<Login>> {
        self.read(async move |db| logins::by_email(db, mode, &email, limit).await)
    }

    fn login(&self, id: LoginId) -> Answer<'_, Option<Login>> {
        self.read(async move |db| logins::one(db, id).await)
    }

    fn set_login_password(&self, id: LoginId, was: Vec<u8>, is: Vec<u8>) -> Answer<'_, bool> {
        self.write(Ordinary, SMALL, async move |db| logins::set_password(db, id, &was, &is).await)
    }

    fn let_in_by(
        &self,
        login: LoginId,
        now: Timestamp,
        page: Page<ApplicationId>,
    ) -> Answer<'_, Vec<LetIn>> {
        self.read(async move |db| oauth::let_in_by(db, login, now, page).await)
    }

    fn shut_out(
        &self,
        login: LoginId,
        application: ApplicationId,
        at: Timestamp,
    ) -> Answer<'_, bool> {
        self.write(Ordinary, SMALL, async move |db| {
            oauth::shut_out(db, login, application, at).await
        })
    }

    fn issue(&self, family: Family, tokens: Vec<NewToken>, at: Timestamp) -> Answer<'_, bool> {
        self.write(Ordinary, SMALL, async move |db| oauth::issue(db, &family, &tokens, at).await)
    }

    fn token(&self, hash: [u8; 32]) -> Answer<'_, Option<Token>> {
        self.read(async move |db| oauth::token(db, &hash).await)
    }

    fn redeem(&self, hash: [u8; 32], at: Timestamp, given: Vec<NewToken>) -> Answer<'_, Redeemed> {
        self.write(Ordinary, SMALL, async move |db| oauth::redeem(db, &hash, at, &given).await)
    }

    fn revoke_token(&self, hash: [u8; 32], family: bool, at: Timestamp) -> Answer<'_, bool> {
        self.write(Ordinary, SMALL, async move |db| oauth::revoke(db, &hash, family, at).await)
    }

    fn forget_tokens(&self, before: Timestamp, limit: u32) -> Answer<'_, u32> {
        self.write(Ordinary, SMALL, async move |db| oauth::forget(db, before, limit).await)
    }

    fn forget_applications(&self, before: Timestamp, limit: u32) -> Answer<'_, u32> {
        self.write(Ordinary, SMALL, async move |db| {
            oauth::forget_applications(db, before, limit).await
        })
    }
}
