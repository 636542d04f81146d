-- Room on each page for a next version of most of its rows: a flush of an hour's busy keys rewrites whole pages of them in
-- one transaction, and what finds no room moves to another page, and with it an entry in each index. At 80 as many as 2.7
-- versions of each row moved so before its page had room (`npm run bench:flush`: with 12 flushes an hour 74 % of the updates
-- were heap-only, and 95 % are at 60); the rows of busy hours took 540 bytes each, and take 290. Those of rows that are
-- written once take 195 instead of 146. Pages that are full stay as they are.
--
-- Of each table that has rows: a user may have partitioned `counters`, and a partitioned table takes no fill factor.
DO $$
DECLARE place regclass;
BEGIN
  FOR place IN
    SELECT oid FROM pg_class WHERE relkind = 'r' AND (oid = 'sumdial.counters'::regclass
      OR oid IN (SELECT relid FROM pg_partition_tree('sumdial.counters')))
  LOOP
    EXECUTE format('ALTER TABLE %s SET (fillfactor = 60)', place);
  END LOOP;
END $$;
