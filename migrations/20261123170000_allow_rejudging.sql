-- A correction of one term may change how others stand: their findings follow it. What they were is in the audit trail's
-- analysis and in the answers that changed them.
GRANT UPDATE (verdict, severity, side, reason, quote) ON findings TO dealdesk_app;
GRANT UPDATE (finding) ON answers TO dealdesk_app;
