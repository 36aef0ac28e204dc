package killtest

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	_ "modernc.org/sqlite"

	"cordon/internal/action"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
)

// sound holds what must be so at any time, whoever was killed: the file is whole, nothing is lost, no target has two open
// cases, nobody was told anything twice, and what was before is as it was.
func (b *box) sound() {
	b.Helper()
	b.whole()
	s := b.store()
	defer s.Close()
	cases, err := s.Cases(b.Context(), casefile.Filter{})
	if err != nil {
		b.Fatal(err)
	}
	known, open := map[string]bool{}, map[string]string{}
	for _, c := range cases {
		known[c.ID] = true
		if other, twice := open[c.Target.ID]; twice {
			b.Errorf("%s has two cases: %s and %s", c.Target.ID, other, c.ID)
		}
		open[c.Target.ID] = c.ID
		b.journal(s, c)
		records, err := s.Records(b.Context(), c.ID)
		if err != nil {
			b.Errorf("read records of case %s: %v", c.ID, err)
		}
		b.records(c, records)
	}
	for id := range b.printed {
		if !known[id] {
			b.Errorf("case %s was printed, and is lost", id)
		}
	}
	b.toldOnce()
}

// whole has SQLite check the file.
func (b *box) whole() {
	db, err := sql.Open("sqlite", b.database())
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	for _, check := range []struct{ pragma, want string }{{"integrity_check", "ok"}, {"foreign_key_check", ""}} {
		var said string
		err := db.QueryRowContext(b.Context(), "PRAGMA "+check.pragma).Scan(&said)
		if err != nil && (check.want != "" || err != sql.ErrNoRows) || said != check.want {
			b.Errorf("%s: %q, %v", check.pragma, said, err)
		}
	}
}

// journal wants a case's entries without a gap.
func (b *box) journal(s casefile.Store, c casefile.Case) {
	entries, err := s.Journal(b.Context(), c.ID)
	if err != nil {
		b.Errorf("read journal of case %s: %v", c.ID, err)
	}
	for i, e := range entries {
		if e.Seq != i+1 {
			b.Errorf("journal of case %s: entry %d has number %d", c.ID, i+1, e.Seq)
		}
	}
	documents, err := s.Documents(b.Context(), c.ID)
	for _, f := range c.Findings {
		if err != nil || !json.Valid(documents[f.ID]) {
			b.Errorf("case %s has no document of finding %s (%v)", c.ID, f.ID, err)
		}
	}
}

// records wants their numbers without a gap, and the prior states of the account that nobody had touched.
func (b *box) records(c casefile.Case, records []action.Record) {
	for i, rec := range records {
		if rec.Seq != i+1 {
			b.Errorf("case %s: record %d (%s) has number %d", c.ID, i+1, rec.Action, rec.Seq)
		}
		if len(rec.Prior) == 0 || b.hunt.priors == nil {
			continue
		}
		want, known := b.hunt.priors[priorKey(c, rec)]
		if got := plain(c, rec.Prior); !known || got != want {
			b.Errorf("%s on %s has a wrong prior:\n%s\nwant\n%s", rec.Action, c.Target.ID, got, want)
		}
	}
}

func priorKey(c casefile.Case, rec action.Record) string { return c.Target.ID + " " + rec.Action }

// plain is a state without what is drawn anew in each run, and without the copy of the instance that isolating keeps: steps
// that run side by side with it (tags, volumes that are kept) may have been there first, and nothing is put back from it.
func plain(c casefile.Case, state json.RawMessage) string {
	text := strings.ReplaceAll(string(state), c.ID, "CASE")
	var parts map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &parts) != nil || parts["interfaces"] == nil {
		return text
	}
	delete(parts, "instance")
	raw, err := json.Marshal(parts)
	if err != nil {
		return text
	}
	return string(raw)
}

// priors are those of every record that holds one.
func (b *box) priors() map[string]string {
	s := b.store()
	defer s.Close()
	all := map[string]string{}
	for _, c := range b.cases() {
		records, err := s.Records(b.Context(), c.ID)
		if err != nil {
			b.Fatal(err)
		}
		for _, rec := range records {
			if len(rec.Prior) > 0 {
				all[priorKey(c, rec)] = plain(c, rec.Prior)
			}
		}
	}
	return all
}

// toldOnce wants no message, issue or comment twice. Each has its notice's key in it, so that no two are alike.
func (b *box) toldOnce() {
	b.office.mu.Lock()
	defer b.office.mu.Unlock()
	for _, t := range b.office.trouble {
		b.Error("an office was asked what it does not know: ", t)
	}
	b.office.trouble = nil
	once := func(what string, of []string) {
		slices.Sort(of)
		for i := range of {
			if i > 0 && of[i] == of[i-1] {
				b.Errorf("%s twice: %.500s", what, of[i])
			}
		}
	}
	var comments []string
	byLabel := map[string]string{}
	for _, i := range b.office.issues {
		label := strings.Join(i.labels, " ")
		if other, twice := byLabel[label]; twice {
			b.Errorf("two issues in Jira for one case:\n%s\n%s", other, i.body)
		}
		byLabel[label] = i.body
	}
	for _, c := range b.office.comments {
		comments = append(comments, c.issue+" "+c.body)
	}
	once("message to Slack", slices.Clone(b.office.slack))
	once("comment in Jira", comments)
}

// holds wants every case contained, and the account as it is after a run that nobody has killed.
func (b *box) holds() {
	b.Helper()
	if len(b.cases()) != len(findings) {
		b.Errorf("%d cases, want %d", len(b.cases()), len(findings))
	}
	for _, c := range b.cases() {
		if c.Status != casefile.Contained || !c.Settled || len(c.Unanswered) > 0 {
			b.Errorf("case of %s: %s, %s, settled %t, unanswered %v", c.Target.ID, c.Status, c.Reason, c.Settled, c.Unanswered)
		}
		b.must(0, "verify", c.ID)
	}
	for _, d := range awssim.Diff(b.hunt.contained, b.named()) {
		b.Error("not as in a run that nobody has killed: ", d)
	}
}

var someTime = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)

// named is the account, in names that last and without times.
func (b *box) named() map[string]any {
	raw, err := json.Marshal(b.account().Dump(awssim.DumpOptions{Snapshots: true}))
	if err != nil {
		b.Fatal(err)
	}
	var out map[string]any
	text := someTime.ReplaceAllString(b.names().Replace(string(raw)), "TIME")
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		b.Fatal(err)
	}
	return sorted(out).(map[string]any)
}

// sorted puts lists into one order: their elements have got other names.
func sorted(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = sorted(v[k])
		}
	case []any:
		for i := range v {
			v[i] = sorted(v[i])
		}
		slices.SortFunc(v, func(a, b any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	}
	return v
}

// released wants every case released, and the account as it was.
func (b *box) released() {
	b.Helper()
	for _, c := range b.cases() {
		if c.Status != casefile.Released {
			b.Errorf("case of %s: %s, %s", c.Target.ID, c.Status, c.Reason)
		}
		b.must(0, "verify", c.ID)
	}
	for _, d := range awssim.Diff(b.before, b.account().Dump(awssim.DumpOptions{})) {
		b.Error("not as before: ", d)
	}
	b.oneSnapshot()
}

// oneSnapshot wants one of each volume: release keeps them.
func (b *box) oneSnapshot() { b.names() }
