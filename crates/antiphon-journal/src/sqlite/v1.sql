-- Sources, kinds and places, each text once.
create table name (
  id integer primary key,
  text text not null unique
) strict;

-- The highest position that may have been given out; a crash skips the rest of the block.
create table counter (
  id integer primary key check (id = 1),
  reserved integer not null,
  swept_at integer not null
) strict;
insert into counter values (1, 0, -9223372036854775808);

create table stored (
  position integer primary key,
  source integer not null,
  kind integer not null,
  place integer not null,
  provenance integer not null,
  form integer not null,
  received_at integer not null,
  erased_at integer,
  origin text not null,
  deletes text,
  note blob,
  body blob not null
) strict;
create unique index stored_origin on stored (source, origin);

-- Origins of events that retention removed, recognised until then (Unix seconds).
create table removed (
  source integer not null,
  origin text not null,
  until integer not null,
  primary key (source, origin)
) strict, without rowid;

-- Deletions on the platform whose grace is not over.
create table deletion (
  position integer primary key,
  source integer not null,
  origin text not null,
  received_at integer not null
) strict;

create table checkpoint (
  source text not null,
  part text not null,
  mark integer not null,
  state blob not null,
  unique (source, part)
) strict;

create table cursor (
  consumer text primary key,
  cursor text not null
) strict;

create table projection (
  name text primary key,
  position integer not null,
  state blob not null
) strict;

create table dead_letter (
  id integer primary key autoincrement,
  consumer text not null,
  handler text not null,
  error text not null,
  attempts integer not null,
  at integer not null,
  replay integer not null,
  position integer not null,
  source text not null,
  kind text not null,
  place text not null,
  provenance integer not null,
  form integer not null,
  received_at integer not null,
  origin text not null,
  deletes text,
  note blob,
  body blob not null,
  unique (consumer, handler, position)
) strict;

-- What other processes ask the appender to do.
create table request (
  id integer primary key autoincrement,
  change text not null,
  letter integer not null
) strict;

create view event as select
  position,
  (select text from name where id = source) as source,
  (select text from name where id = kind) as kind,
  (select text from name where id = place) as place,
  origin,
  case provenance when 0 then 'live' when 1 then 'replayed' when 2 then 'backfilled' when 3 then 'synthetic' end
    as provenance,
  strftime('%Y-%m-%dT%H:%M:%S', received_at / 1000000000, 'unixepoch')
    || printf('.%06dZ', received_at / 1000 % 1000000) as received_at,
  case form when 2 then quote(body) else cast(body as text) end as body,
  case form when 0 then 'json' when 1 then 'text' when 2 then 'binary' end as form,
  cast(note as text) as note,
  deletes,
  strftime('%Y-%m-%dT%H:%M:%SZ', erased_at / 1000000000, 'unixepoch') as erased_at
from stored;
