CREATE TABLE "sumdial"."counters" (
	"key" text collate "C" NOT NULL,
	"hour" timestamp with time zone NOT NULL,
	"sum" numeric NOT NULL,
	"count" bigint NOT NULL,
	"min" bigint NOT NULL,
	"max" bigint NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "counters_key_hour_pk" PRIMARY KEY("key","hour")
);
--> statement-breakpoint
CREATE TABLE "sumdial"."ledger" (
	"writer" uuid PRIMARY KEY NOT NULL,
	"shard" text NOT NULL,
	"seq" bigint NOT NULL,
	"batch" uuid,
	"sealed" boolean DEFAULT false NOT NULL,
	"sealed_at" timestamp with time zone,
	"increments" bigint DEFAULT 0 NOT NULL,
	"flushed_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "sumdial"."settings" (
	"name" text PRIMARY KEY NOT NULL,
	"value" jsonb NOT NULL,
	"recorded_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE INDEX "counters_hour_key" ON "sumdial"."counters" USING btree ("hour","key");--> statement-breakpoint
-- Room on each page for the next versions of its rows, so that repeated upserts of a busy hour stay heap-only.
ALTER TABLE "sumdial"."counters" SET (fillfactor = 80);--> statement-breakpoint
ALTER TABLE "sumdial"."ledger" SET (fillfactor = 50);
