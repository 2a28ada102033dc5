-- The number of the dictionary with which the body is compressed; null where the body is stored as it is.
alter table stored add column packed integer;

-- The dictionaries of this file's bodies, as zstd takes them.
create table dictionary (
  id integer primary key,
  bytes blob not null
) strict;

drop view event;
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
  case when packed is not null then null when form = 2 then quote(body) else cast(body as text) end as body,
  case form when 0 then 'json' when 1 then 'text' when 2 then 'binary' end as form,
  cast(note as text) as note,
  deletes,
  strftime('%Y-%m-%dT%H:%M:%SZ', erased_at / 1000000000, 'unixepoch') as erased_at,
  packed as dictionary,
  case when packed is not null then body end as compressed
from stored;
