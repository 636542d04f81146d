-- quick
ALTER TABLE "sumdial"."rollups" ADD COLUMN "made_below" text collate "C";