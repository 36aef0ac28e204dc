package casefiletest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/finding"
)

func openNew(t *testing.T, s casefile.Store) {
	o := opening("c-000000000001", "i-1", "f-1", 1)
	o.Now = o.Now.In(time.FixedZone("elsewhere", 3600))
	c, created, err := s.OpenCase(t.Context(), o)
	must(t, err)
	if !created {
		t.Error("not created")
	}
	want := casefile.Case{
		ID: o.NewID, Status: casefile.Open, Target: o.Target, Findings: []casefile.Finding{received(o)},
		Opened: o.Now, Updated: o.Now, Residual: []string{}, Evidence: []action.Artifact{},
		Unanswered: []string{"f-1"},
	}
	want.News = true
	same(t, "opened case", c, want)
	want.News = false // not stored
	if c.Opened.Location() != time.UTC {
		t.Errorf("opened in %s, want UTC", c.Opened.Location())
	}
	read, err := s.Case(t.Context(), o.NewID)
	must(t, err)
	same(t, "read case", read, want)
	documents, err := s.Documents(t.Context(), o.NewID)
	must(t, err)
	if string(documents["f-1"]) != string(o.Raw) || len(documents) != 1 {
		t.Errorf("documents %q, want the finding's own, byte for byte", documents)
	}
	journal, err := s.Journal(t.Context(), o.NewID)
	must(t, err)
	if len(journal) != 2 || journal[0].Event != "opened" || journal[0].To != casefile.Open ||
		journal[0].By != "tester" || !journal[0].At.Equal(o.Now) || journal[1].Event != "finding" {
		t.Errorf("journal %+v, want opened, then finding, by tester", journal)
	}
}

func openOnce(t *testing.T, s casefile.Store) {
	const callers = 64
	var group sync.WaitGroup
	created, ids := make([]bool, callers), make([]string, callers)
	for i := range callers {
		group.Go(func() {
			c, made, err := s.OpenCase(t.Context(), opening(fmt.Sprintf("c-%012d", i), "i-1", fmt.Sprintf("f-%d", i%8), 1))
			if err != nil {
				t.Error(err)
			}
			created[i], ids[i] = made, c.ID
		})
	}
	group.Wait()
	makers := 0
	for i := range callers {
		if created[i] {
			makers++
		}
		if ids[i] != ids[0] {
			t.Errorf("caller %d got case %s, caller 0 %s", i, ids[i], ids[0])
		}
	}
	if makers != 1 {
		t.Errorf("%d callers made the case, want 1", makers)
	}
	cases, err := s.Cases(t.Context(), casefile.Filter{})
	must(t, err)
	if len(cases) != 1 || len(cases[0].Findings) != 8 {
		t.Errorf("cases %+v, want one with 8 findings", cases)
	}
	if got := events(t, s, ids[0]); len(got) != 1+8 {
		t.Errorf("journal %q, want opened and 8 findings", got)
	}
}

func openFindings(t *testing.T, s casefile.Store) {
	opened(t, s, "c-1", "i-1")
	c, created, err := s.OpenCase(t.Context(), opening("c-2", "i-1", "f-2", 2))
	must(t, err)
	if created || c.ID != "c-1" || len(c.Findings) != 2 || c.Findings[1].ID != "f-2" {
		t.Errorf("case %+v, created %v; want c-1 with the second finding added", c, created)
	}
	if want := epoch.Add(2 * time.Minute); !c.Updated.Equal(want) {
		t.Errorf("updated %s, want %s", c.Updated, want)
	}
	documents, err := s.Documents(t.Context(), "c-1")
	must(t, err)
	if len(documents) != 2 {
		t.Errorf("%d documents, want 2", len(documents))
	}
	opened(t, s, "c-3", "i-2")
	elsewhere := opening("c-4", "i-1", "f-1", 1)
	elsewhere.Target.Region = "us-east-1"
	if _, created, err := s.OpenCase(t.Context(), elsewhere); err != nil || !created {
		t.Errorf("the same id in another Region: created %v, %v; want a case of its own", created, err)
	}
}

func openCounts(t *testing.T, s casefile.Store) {
	first := opening("c-1", "i-1", "f-1", 3)
	_, _, err := s.OpenCase(t.Context(), first)
	must(t, err)
	_, err = s.Update(t.Context(), "c-1", func(c *casefile.Case) ([]casefile.Entry, error) {
		c.Answered(c.Findings...)
		return nil, nil
	})
	must(t, err)
	before := kept(t, s, "c-1")
	for _, count := range []int{3, 1, 2} { // repeated, and late deliveries of older ones
		o := opening("c-2", "i-1", "f-1", count)
		o.Finding.Severity, o.Now = 2, epoch.Add(time.Hour)
		if c, created, err := s.OpenCase(t.Context(), o); err != nil || created || c.News {
			t.Errorf("count %d: created %v, news %v, %v", count, created, c.News, err)
		}
		same(t, fmt.Sprintf("kept after count %d", count), kept(t, s, "c-1"), before)
	}
	higher := opening("c-2", "i-1", "f-1", 7)
	higher.Finding.Severity = 9
	c, created, err := s.OpenCase(t.Context(), higher)
	must(t, err)
	if created || !c.News {
		t.Errorf("a higher count: created %v, news %v", created, c.News)
	}
	same(t, "findings", c.Findings, []casefile.Finding{received(higher)})
	same(t, "unanswered", kept(t, s, "c-1")["case"].(casefile.Case).Unanswered, []string{"f-1"})
	same(t, "events", events(t, s, "c-1"), []string{"opened", "finding", "finding"})
	documents, err := s.Documents(t.Context(), "c-1")
	must(t, err)
	if string(documents["f-1"]) != string(higher.Raw) {
		t.Errorf("document %s, want the latest", documents["f-1"])
	}
}

func openLists(t *testing.T, s casefile.Store) {
	opened(t, s, "c-1", "i-1")
	c, err := s.Update(t.Context(), "c-1", func(c *casefile.Case) ([]casefile.Entry, error) {
		c.Residual, c.Evidence = nil, nil
		c.Reason = "changed"
		return nil, nil
	})
	must(t, err)
	read, err := s.Case(t.Context(), "c-1")
	must(t, err)
	for _, c := range []casefile.Case{c, read} {
		if c.Findings == nil || c.Residual == nil || c.Evidence == nil {
			t.Errorf("a list is nil: %+v", c)
		}
	}
}

func openIncomplete(t *testing.T, s casefile.Store) {
	for name, spoil := range map[string]func(*casefile.Opening){
		"no case id":    func(o *casefile.Opening) { o.NewID = "" },
		"no target":     func(o *casefile.Opening) { o.Target = finding.Target{} },
		"no finding id": func(o *casefile.Opening) { o.Finding.ID = "" },
	} {
		o := opening("c-1", "i-1", "f-1", 1)
		spoil(&o)
		if _, _, err := s.OpenCase(t.Context(), o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	cases, err := s.Cases(t.Context(), casefile.Filter{})
	must(t, err)
	if len(cases) != 0 {
		t.Errorf("cases %+v, want none", cases)
	}
}

func openHostile(t *testing.T, s casefile.Store) {
	for i, text := range []string{"'; DROP TABLE cases; --", "a\x00b", "../../etc", "\u202e\U0001f4a3", `"\`, "%s?%00&#"} {
		o := opening(fmt.Sprintf("c-%d", i), text, text, 1)
		o.By, o.Finding.Type = text, text
		if _, created, err := s.OpenCase(t.Context(), o); err != nil || !created {
			t.Errorf("%q: created %v, %v", text, created, err)
		}
		c, created, err := s.OpenCase(t.Context(), o)
		if err != nil || created || c.Target != o.Target || c.Findings[0].ID != text {
			t.Errorf("%q again: %+v, created %v, %v", text, c, created, err)
		}
		documents, err := s.Documents(t.Context(), o.NewID)
		must(t, err)
		if string(documents[text]) != string(o.Raw) {
			t.Errorf("%q: document %q", text, documents)
		}
	}
}

func openAfterRelease(t *testing.T, s casefile.Store) {
	opened(t, s, "c-1", "i-1")
	for _, status := range []casefile.Status{
		casefile.Contained, casefile.Partial, casefile.Failed, casefile.Observed, casefile.AwaitingApproval, casefile.Unsupported,
	} {
		setStatus(t, s, "c-1", status)
		if c, created, err := s.OpenCase(t.Context(), opening("c-2", "i-1", "f-1", 1)); err != nil || created || c.Status != status {
			t.Errorf("%s: status %s, created %v, %v; want the open case", status, c.Status, created, err)
		}
	}
	setStatus(t, s, "c-1", casefile.Released)
	opened(t, s, "c-2", "i-1")
	old, err := s.Case(t.Context(), "c-1")
	must(t, err)
	if old.Status != casefile.Released {
		t.Errorf("the first case is %s", old.Status)
	}
	if got := events(t, s, "c-2"); len(got) != 2 {
		t.Errorf("the new case's journal is %q, want its own", got)
	}
}

// received is an opening's finding as the case has it.
func received(o casefile.Opening) casefile.Finding {
	f := o.Finding
	f.Received = o.Now
	return f
}

// openBefore: what Begin gives is a new case's from its first moment and leaves an older one alone; an error of Before leaves nothing.
func openBefore(t *testing.T, s casefile.Store) {
	lease := casefile.Lease{Owner: "first", Until: epoch.Add(time.Minute)}
	asked := 0
	before := func(err error) func(context.Context) error {
		return func(ctx context.Context) error {
			asked++
			if _, _, err := s.Paused(ctx); err != nil {
				t.Error(err)
			}
			return err
		}
	}
	begin := func() casefile.Beginning {
		return casefile.Beginning{Lease: lease, Rule: "mine", Off: []string{"ec2.tag"}}
	}
	no := errors.New("not now")
	o := opening("c-1", "i-1", "f-1", 1)
	o.Before, o.Begin = before(no), begin
	if _, created, err := s.OpenCase(t.Context(), o); !errors.Is(err, no) || created {
		t.Errorf("created %v, %v; want the error of Before", created, err)
	}
	if cases, err := s.Cases(t.Context(), casefile.Filter{}); err != nil || len(cases) != 0 {
		t.Errorf("cases %+v, %v; want none", cases, err)
	}
	o.Before = before(nil)
	made, created, err := s.OpenCase(t.Context(), o)
	must(t, err)
	read, err := s.Case(t.Context(), "c-1")
	must(t, err)
	for name, c := range map[string]casefile.Case{"made": made, "read": read} {
		if !created || c.Lease != lease || c.Rule != "mine" || len(c.Off) != 1 || len(c.Looking) != 1 || len(c.Unanswered) != 1 {
			t.Errorf("%s: %+v", name, c)
		}
	}
	var held *casefile.HeldError
	if err := s.Claim(t.Context(), "c-1", "other", epoch, time.Minute); !errors.As(err, &held) || held.Lease != lease {
		t.Errorf("claimed by another: %v", err)
	}
	must(t, s.Yield(t.Context(), "c-1", "first"))
	o = opening("c-2", "i-1", "f-2", 1)
	o.Before, o.Begin = before(nil), begin
	c, created, err := s.OpenCase(t.Context(), o)
	must(t, err)
	if created || c.ID != "c-1" || c.Lease.Owner != "" || asked != 3 {
		t.Errorf("joined: created %v, lease %+v, asked %d times", created, c.Lease, asked)
	}
}
