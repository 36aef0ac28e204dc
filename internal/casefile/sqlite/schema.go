package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// applicationID marks the file as Cordon's: "Crdn".
const applicationID = 0x4372646e

// schema is the list of steps to the present schema; PRAGMA user_version counts those that a file has had. A step
// that was released is never edited: a change is a new step.
//
// A case is its JSON (body) next to the columns that are searched; body has no lease and no task token. Findings' documents and what
// records hold are kept byte for byte.
var schema = []string{
	`CREATE TABLE cases (
		id          TEXT PRIMARY KEY,
		status      TEXT NOT NULL,
		account     TEXT NOT NULL,
		region      TEXT NOT NULL,
		kind        TEXT NOT NULL,
		target      TEXT NOT NULL,
		opened      INTEGER NOT NULL, -- ns since 1970
		body        TEXT NOT NULL,
		lease_owner TEXT NOT NULL DEFAULT '',
		lease_until INTEGER NOT NULL DEFAULT 0 -- ns since 1970
	) STRICT;
	CREATE UNIQUE INDEX one_open_case_a_target ON cases (account, region, kind, target) WHERE status <> 'released';
	CREATE INDEX cases_by_time ON cases (opened);

	CREATE TABLE documents (
		case_id TEXT NOT NULL REFERENCES cases (id),
		finding TEXT NOT NULL,
		raw     BLOB NOT NULL,
		PRIMARY KEY (case_id, finding)
	) STRICT;

	CREATE TABLE journal (
		case_id TEXT NOT NULL REFERENCES cases (id),
		seq     INTEGER NOT NULL,
		body    TEXT NOT NULL,
		PRIMARY KEY (case_id, seq)
	) STRICT;
	CREATE TRIGGER journal_is_never_changed BEFORE UPDATE ON journal
		BEGIN SELECT RAISE(ABORT, 'journal entries are only ever added'); END;
	CREATE TRIGGER journal_is_never_cut BEFORE DELETE ON journal
		BEGIN SELECT RAISE(ABORT, 'journal entries are only ever added'); END;

	CREATE TABLE records (
		case_id TEXT NOT NULL REFERENCES cases (id),
		action  TEXT NOT NULL,
		seq     INTEGER NOT NULL,
		version INTEGER NOT NULL,
		status  TEXT NOT NULL,
		request BLOB,
		prior   BLOB,
		after   BLOB,
		body    TEXT NOT NULL,
		PRIMARY KEY (case_id, action),
		UNIQUE (case_id, seq)
	) STRICT;
	CREATE INDEX unsent_notices ON records (case_id, seq) WHERE action GLOB 'notify.*' AND status IN ('doing', 'pending', 'failed');

	CREATE TABLE suppressions (
		account TEXT NOT NULL,
		region  TEXT NOT NULL,
		kind    TEXT NOT NULL,
		target  TEXT NOT NULL,
		finding TEXT NOT NULL,
		until   INTEGER NOT NULL, -- ns since 1970
		body    TEXT NOT NULL,
		PRIMARY KEY (account, region, kind, target, finding)
	) STRICT;`,

	`ALTER TABLE cases ADD COLUMN task_token TEXT NOT NULL DEFAULT '';

	CREATE TABLE admissions (
		scope   BLOB NOT NULL,
		case_id TEXT NOT NULL,
		at      INTEGER NOT NULL, -- ns since 1970
		until   INTEGER NOT NULL, -- ns since 1970: then it is of no use any more
		PRIMARY KEY (scope, case_id)
	) STRICT;
	CREATE INDEX admissions_by_end ON admissions (until);

	CREATE TABLE pause ( -- one row while paused
		id   INTEGER PRIMARY KEY CHECK (id = 1),
		body TEXT NOT NULL
	) STRICT;
	CREATE TABLE pauses (
		seq  INTEGER PRIMARY KEY,
		body TEXT NOT NULL
	) STRICT;
	CREATE TRIGGER pauses_are_never_changed BEFORE UPDATE ON pauses
		BEGIN SELECT RAISE(ABORT, 'pauses are only ever added'); END;
	CREATE TRIGGER pauses_are_never_cut BEFORE DELETE ON pauses
		BEGIN SELECT RAISE(ABORT, 'pauses are only ever added'); END;`,
}

// migrate brings the file from its version to len(steps), all or nothing.
func migrate(ctx context.Context, db *sql.DB, steps []string) error {
	if at, err := version(ctx, db, len(steps)); err != nil || at == len(steps) {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()    // no effect after Commit
	at, err := version(ctx, tx, len(steps)) // again, now that no other process can change it
	if err != nil {
		return err
	}
	for i, step := range steps[at:] {
		if _, err := tx.ExecContext(ctx, step); err != nil {
			return fmt.Errorf("migrate to version %d: %w", at+i+1, err)
		}
	}
	marks := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, len(steps))
	if _, err := tx.ExecContext(ctx, marks); err != nil {
		return err
	}
	return tx.Commit()
}

// version is the number of steps that the file has had. It refuses a file of another program or of a Cordon that
// knows more steps than newest.
func version(ctx context.Context, q querier, newest int) (at int, err error) {
	var app, tables int
	for pragma, into := range map[string]*int{
		"PRAGMA user_version":                &at,
		"PRAGMA application_id":              &app,
		"SELECT count(*) FROM sqlite_schema": &tables,
	} {
		if err := q.QueryRowContext(ctx, pragma).Scan(into); err != nil {
			return 0, err
		}
	}
	switch {
	case app != applicationID && (app != 0 || at != 0 || tables != 0):
		return 0, errors.New("it is another program's database (name another file)")
	case at > newest:
		return 0, fmt.Errorf("it has version %d and this Cordon knows up to %d (a newer Cordon has written it: use that one)", at, newest)
	}
	return at, nil
}

// querier is what *sql.DB and *sql.Tx have in common.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}
