-- OAuth 2: the programs that merchants register, what they were granted, and the tokens of it.

create table applications(
  id        bigint  primary key generated always as identity,
  merchant  bigint  not null,
  mode      smallint not null,
  client    text    not null,  -- its client_id
  name      text    not null,
  kind      smallint not null,  -- 1 confidential 2 public
  redirects text    not null,  -- JSON: where its users are sent back to
  hint      text,
  secret    bytea,              -- a keyed hash; a public one has none
  created   bigint  not null,
  deleted   bigint
);
create unique index applications_client on applications(client);
create index applications_present on applications(merchant, mode, id) where deleted is null;
create index applications_deleted on applications(deleted) where deleted is not null;

-- What an application was granted: all tokens of one are a family, which ends as one.
create table grants(
  id          bytea   primary key,
  application bigint  not null,
  merchant    bigint  not null,
  mode        smallint not null,
  subject     bigint,           -- the user who consented; an application by itself has none
  scopes      smallint not null,  -- 1 read 2 write 3 both
  created     bigint  not null,  -- on the merchant's clock
  revoked     bigint,           -- on the merchant's clock
  forget      bigint  not null   -- real time: when none of its tokens can be good any more
);
create index grants_forget on grants(forget);

create table tokens(
  hash    bytea   primary key,  -- keyed; the token itself is nowhere
  kind    smallint not null,     -- 1 access 2 refresh 3 code
  family  bytea   not null,     -- the grant
  scopes  smallint not null,     -- as of grants, or fewer
  expires bigint  not null,     -- on the merchant's clock
  forget  bigint  not null,     -- real time
  spent   bigint,              -- when it was used up or revoked, on the merchant's clock
  bound   text                  -- JSON: what a code is tied to
);
create index tokens_forget on tokens(forget);
create index grants_subject on grants(subject, application) where subject is not null;

-- Users of a merchant's account, who can let applications in.
create table logins(
  id       bigint  primary key generated always as identity,
  merchant bigint not null,
  mode     smallint not null,
  email    text    not null,  -- in lower case
  password bytea    not null,  -- which way it was hashed, salt, hash; empty: it has set none yet
  created  bigint not null
);
-- One user of an account and mode; the same person may be a user of several accounts.
create unique index logins_email on logins(mode, email, merchant);
create index logins_merchant on logins(merchant, mode, id);
