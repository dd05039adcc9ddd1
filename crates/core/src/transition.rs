//! What can happen to the things Posthorn keeps: the words between what causes events and the contracts that name them.

macro_rules! transitions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What can happen to the things Posthorn keeps, in its own words, whatever a contract
        /// calls it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Transition { $($(#[$doc])* $variant,)* }

        impl Transition {
            /// Every transition.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// As contracts write it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

transitions! {
    /// A payment was made, before its payer has been shown anything.
    PaymentCreated = "payment.created",
    /// Its instrument (PIX, boleto, STK push, XRP address) was shown to the payer.
    PaymentPending = "payment.pending",
    /// Money was seen that does not count yet (an XRP transaction before validation).
    PaymentSeen = "payment.seen",
    /// A provider is looking at it.
    PaymentProcessing = "payment.processing",
    /// The payer must do something (3DS).
    PaymentRequiresAction = "payment.requires_action",
    /// Money is reserved and waits for its capture.
    PaymentAuthorized = "payment.authorized",
    /// It was paid.
    PaymentSucceeded = "payment.succeeded",
    /// It was declined, or a provider gave it up for good.
    PaymentFailed = "payment.failed",
    /// The merchant or the payer called it off.
    PaymentCanceled = "payment.canceled",
    /// Nobody paid in time.
    PaymentExpired = "payment.expired",
    /// A part of it went back.
    PaymentPartiallyRefunded = "payment.partially_refunded",
    /// All of it went back.
    PaymentRefunded = "payment.refunded",
    /// The payer's bank took it back, or asks to.
    PaymentDisputed = "payment.disputed",
    /// An order was made.
    OrderCreated = "order.created",
    /// An order was sent.
    OrderShipped = "order.shipped",
    /// An order arrived.
    OrderDelivered = "order.delivered",
    /// An order was called off.
    OrderCanceled = "order.canceled",
    /// A checkout ended in a payment.
    CheckoutCompleted = "checkout.completed",
    /// A checkout was left alone for too long.
    CheckoutAbandoned = "checkout.abandoned",
    /// Every leg of a split was paid.
    SplitProcessed = "split.processed",
    /// A leg of a split failed.
    SplitFailed = "split.failed",
    /// A payout was made.
    PayoutCreated = "payout.created",
    /// A payout arrived.
    PayoutCompleted = "payout.completed",
    /// A payout failed.
    PayoutFailed = "payout.failed",
    /// A product changed.
    ProductUpdated = "product.updated",
    /// A user registered.
    UserCreated = "user.created",
    /// A user's details changed.
    UserUpdated = "user.updated",
}

impl Transition {
    /// Whether it happens to a payment itself, and not to its order, checkout or split.
    #[must_use]
    pub fn is_of_payment(self) -> bool {
        self.name().starts_with("payment.")
    }
}
