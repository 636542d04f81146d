CREATE TABLE batches (
     seq integer primary key, id text not null, since integer not null, cells text not null);
insert into batches values
  (1, '00000000-0000-4000-8000-200000000010', 1795291200012, '{"v":1,"name":null,"cells":[["site/batch","site/big"],[2,"36893488147419103233"],[1,3],[2,-1],[2,9007199254740991]]}'),
  (2, '00000000-0000-4000-8000-200000000011', 1795291200012, '{"v":1,"name":null,"cells":[["site/id","site/it''s"],[20,1],[4,1],[1,1],[9,1]]}');

CREATE TABLE ids (
     id text primary key, content text not null, sender text not null, n integer not null) without rowid;
insert into ids values
  ('i
x
site/id', '4', '00000000-0000-4000-8000-10000000000b', 1),
  ('i
y
site/id', '6', '00000000-0000-4000-8000-10000000000b', 2),
  ('i
z
site/id', '8', '00000000-0000-4000-8000-10000000000d', 1),
  ('r
shop
order 17', 'a hash', '00000000-0000-4000-8000-10000000000b', 1);

CREATE TABLE journal (
     row integer primary key, accepted integer not null, since integer not null, flight text not null);
insert into journal values
  (1, 21, 1795291200017, '{"v":1,"name":["00000000-0000-4000-8000-10000000000a",6],"cells":[["site/a"],[1],[1],[1],[1]]}
{"v":1,"name":["00000000-0000-4000-8000-10000000000b",3],"cells":[["site/a","site/big"],[2,"36893488147419103233"],[1,3],[2,-1],[2,9007199254740991]]}
{"v":1,"name":["00000000-0000-4000-8000-10000000000c",1],"cells":[["site/ü\\\""],[4],[1],[4],[4]]}'),
  (2, 21, 1795291200018, '{"v":1,"name":null,"cells":[["site/retried"],[2],[1],[2],[2]]}'),
  (3, 22, 1795291200019, '{"v":1,"name":["00000000-0000-4000-8000-10000000000d",1],"cells":[["site/id"],[8],[1],[8],[8]]}'),
  (4, 24, 1795291200020, '{"v":1,"name":["00000000-0000-4000-8000-10000000000a",7],"cells":[["site/parked"],[1],[1],[1],[1]]}
{"v":1,"name":["00000000-0000-4000-8000-10000000000c",2],"cells":[["site/a"],[-5],[1],[-5],[-5]]}');

CREATE TABLE moved (
     one integer primary key check (one = 1), at integer not null, reason text not null);
insert into moved values
  (1, 1795291200016, 'no answer within 10 s');

CREATE TABLE parked (
     key text primary key, since integer not null, reason text not null, cell text not null) without rowid;
insert into parked values
  ('site/parked', 1795291200011, 'SQLSTATE 22003', '{"v":1,"name":null,"cells":[["site/parked"],["36893488147419103233"],[3],[-1],[9007199254740991]]}');

CREATE TABLE senders (sender text primary key, n integer not null) without rowid;
insert into senders values
  ('00000000-0000-4000-8000-10000000000a', 5),
  ('00000000-0000-4000-8000-10000000000b', 2),
  ('00000000-0000-4000-8000-10000000000e', 1);

CREATE TABLE state (
     one integer primary key check (one = 1), version integer not null, writer text not null,
     next_seq integer not null, accepted integer not null, settled integer not null,
     discarded integer not null,
     applied integer not null default 0, behind integer not null default 0, ambiguous integer not null default 0, cell_refused integer not null default 0, refused integer not null default 0, rewound integer not null default 0, sent_ms integer not null default 0, moves integer not null default 0);
insert into state values
  (1, 1, '00000000-0000-4000-8000-200000000012', 3, 15, 1, 1, 1, 0, 1, 0, 0, 0, 10025, 4);
