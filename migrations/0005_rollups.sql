-- quick
CREATE TABLE "sumdial"."days" (
	"key" text collate "C" NOT NULL,
	"day" date NOT NULL,
	"sum" numeric NOT NULL,
	"count" bigint NOT NULL,
	"min" bigint NOT NULL,
	"max" bigint NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "days_key_day_pk" PRIMARY KEY("key","day")
);
--> statement-breakpoint
CREATE TABLE "sumdial"."rollups" (
	"day" date PRIMARY KEY NOT NULL,
	"state" text NOT NULL,
	"changed" bigint DEFAULT 0 NOT NULL,
	"changed_at" timestamp with time zone,
	"made_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "sumdial"."slice_days" (
	"key" text collate "C" NOT NULL,
	"day" date NOT NULL,
	"labels" jsonb NOT NULL,
	"sum" numeric NOT NULL,
	"count" bigint NOT NULL,
	"min" bigint NOT NULL,
	"max" bigint NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "slice_days_key_day_labels_pk" PRIMARY KEY("key","day","labels")
);
--> statement-breakpoint
CREATE INDEX "days_day_key" ON "sumdial"."days" USING btree ("day","key");--> statement-breakpoint
CREATE INDEX "slice_days_day_key" ON "sumdial"."slice_days" USING btree ("day","key");--> statement-breakpoint
-- Room on each page, so that the updates of a day that many batches change stay heap-only.
ALTER TABLE "sumdial"."rollups" SET (fillfactor = 50);--> statement-breakpoint
-- When this migration was applied. Code of before does not mark the days that it changes, and may still be running, so
-- roll-ups begin a day later.
INSERT INTO "sumdial"."settings" ("name", "value") VALUES ('rollups', '{}') ON CONFLICT DO NOTHING;
