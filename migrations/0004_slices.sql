-- quick
CREATE TABLE "sumdial"."slices" (
	"key" text collate "C" NOT NULL,
	"hour" timestamp with time zone NOT NULL,
	"labels" jsonb NOT NULL,
	"sum" numeric NOT NULL,
	"count" bigint NOT NULL,
	"min" bigint NOT NULL,
	"max" bigint NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "slices_key_hour_labels_pk" PRIMARY KEY("key","hour","labels")
);
--> statement-breakpoint
CREATE INDEX "slices_hour_key" ON "sumdial"."slices" USING btree ("hour","key");--> statement-breakpoint
-- Room on each page for next versions of its rows, as in `counters`.
ALTER TABLE "sumdial"."slices" SET (fillfactor = 60);--> statement-breakpoint
CREATE VIEW "sumdial"."sliced" AS (select key, hour, labels, sum, count, min, max from sumdial.slices union all select c.key, c.hour, null, c.sum - coalesce(s.sum, 0), c.count - coalesce(s.count, 0), null, null from sumdial.counters c left join lateral (select sum(sum) as sum, sum(count)::bigint as count from sumdial.slices where key = c.key and hour = c.hour) s on true where c.count <> coalesce(s.count, 0));