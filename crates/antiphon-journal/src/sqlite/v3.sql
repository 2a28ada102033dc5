-- The file's own: the name of the journal, the key with which origins of erased events are hashed, and whether any is.
create table identity (
  id integer primary key check (id = 1),
  journal text not null,
  key blob not null,
  erased integer not null
) strict;
insert into identity values (1, lower(hex(randomblob(16))), randomblob(32), 0);
