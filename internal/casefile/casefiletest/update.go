package casefiletest

import (
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
)

func updateCase(t *testing.T, s casefile.Store) {
	c := opened(t, s, "c-1", "i-1")
	at := epoch.Add(time.Hour)
	c.Status, c.Reason, c.Playbook, c.Ticket = casefile.Contained, "all done", "ec2", "SEC-1"
	c.ContainedAfter, c.ChainHead, c.Updated = 750*time.Millisecond, "ab12", at
	c.Residual = []string{"flows through NAT gateway nat-1"}
	c.Evidence = []action.Artifact{{URI: "file:///v/c-1/a", SHA256: "00", Bytes: 3}}
	got, err := s.Update(t.Context(), "c-1", func(now *casefile.Case) ([]casefile.Entry, error) {
		*now = c
		return []casefile.Entry{
			{By: "engine", Event: "status", From: casefile.Open, To: casefile.Contained, At: at, Text: "why", Seq: 99},
			{By: "engine", Event: "evidence"},
		}, nil
	})
	must(t, err)
	same(t, "returned case", got, c)
	read, err := s.Case(t.Context(), "c-1")
	must(t, err)
	same(t, "read case", read, c)
	same(t, "events", events(t, s, "c-1"), []string{"opened", "finding", "status", "evidence"})
	journal, err := s.Journal(t.Context(), "c-1")
	must(t, err)
	same(t, "entry", journal[2], casefile.Entry{
		Seq: 3, At: at, By: "engine", Event: "status", From: casefile.Open, To: casefile.Contained, Text: "why",
	})

	before := read.Updated
	later, err := s.Update(t.Context(), "c-1", func(c *casefile.Case) ([]casefile.Entry, error) {
		c.Reason = "another"
		return nil, nil
	})
	must(t, err)
	if later.Updated.Equal(before) {
		t.Error("the store did not set Updated")
	}
}

func updateRefused(t *testing.T, s casefile.Store) {
	opened(t, s, "c-1", "i-1")
	before := kept(t, s, "c-1")
	mine := errors.New("mine")
	for name, change := range map[string]func(*casefile.Case) error{
		"own error": func(*casefile.Case) error { return mine },
		"id":        func(c *casefile.Case) error { c.ID = "c-2"; return nil },
		"target":    func(c *casefile.Case) error { c.Target.ID = "i-2"; return nil },
		"findings":  func(c *casefile.Case) error { c.Findings[0].Count = 9; return nil },
		"lease":     func(c *casefile.Case) error { c.Lease.Owner = "me"; return nil },
		"no status": func(c *casefile.Case) error { c.Status = ""; return nil },
	} {
		_, err := s.Update(t.Context(), "c-1", func(c *casefile.Case) ([]casefile.Entry, error) {
			c.Reason = name
			return []casefile.Entry{{Event: name}}, change(c)
		})
		if err == nil || (name == "own error") != errors.Is(err, mine) {
			t.Errorf("%s: %v", name, err)
		}
		same(t, "kept after "+name, kept(t, s, "c-1"), before)
	}
	setStatus(t, s, "c-1", casefile.Released)
	_, err := s.Update(t.Context(), "c-1", func(c *casefile.Case) ([]casefile.Entry, error) {
		c.Status = casefile.Open
		return nil, nil
	})
	if err == nil {
		t.Error("a released case was opened again")
	}
}

func updateConcurrent(t *testing.T, s casefile.Store) {
	opened(t, s, "c-1", "i-1")
	const callers = 32
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() {
			_, err := s.Update(t.Context(), "c-1", func(c *casefile.Case) ([]casefile.Entry, error) {
				c.Residual = append(c.Residual, strconv.Itoa(i))
				return []casefile.Entry{{By: "tester", Event: "residual"}}, nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	c, err := s.Case(t.Context(), "c-1")
	must(t, err)
	if len(c.Residual) != callers {
		t.Errorf("%d changes are kept, want %d", len(c.Residual), callers)
	}
	if got := events(t, s, "c-1"); len(got) != 2+callers {
		t.Errorf("%d entries, want %d", len(got), 2+callers)
	}
}

func updateNothing(t *testing.T, s casefile.Store) {
	opened(t, s, "c-1", "i-1")
	before := kept(t, s, "c-1")
	c, err := s.Update(t.Context(), "c-1", func(*casefile.Case) ([]casefile.Entry, error) { return nil, nil })
	must(t, err)
	same(t, "returned case", c, before["case"])
	same(t, "kept", kept(t, s, "c-1"), before)
}

func listCases(t *testing.T, s casefile.Store) {
	for i, id := range []string{"c-b", "c-d", "c-a", "c-c"} { // opened in this order
		o := opening(id, "i-"+id, "f-1", 1)
		o.Now = epoch.Add(time.Duration(i) * time.Minute)
		_, _, err := s.OpenCase(t.Context(), o)
		must(t, err)
	}
	setStatus(t, s, "c-d", casefile.Released)
	again := opening("c-e", "i-c-d", "f-1", 1)
	again.Now = epoch.Add(-time.Hour) // a clock that is behind
	_, _, err := s.OpenCase(t.Context(), again)
	must(t, err)
	setStatus(t, s, "c-a", casefile.Contained)

	one, none := target("i-c-d"), target("i-none")
	for name, test := range map[string]struct {
		filter casefile.Filter
		want   []string
	}{
		"all":            {casefile.Filter{}, []string{"c-c", "c-a", "c-d", "c-b", "c-e"}},
		"limit":          {casefile.Filter{Limit: 2}, []string{"c-c", "c-a"}},
		"high limit":     {casefile.Filter{Limit: 20}, []string{"c-c", "c-a", "c-d", "c-b", "c-e"}},
		"status":         {casefile.Filter{Statuses: []casefile.Status{casefile.Contained}}, []string{"c-a"}},
		"statuses":       {casefile.Filter{Statuses: []casefile.Status{casefile.Contained, casefile.Released}}, []string{"c-a", "c-d"}},
		"no such status": {casefile.Filter{Statuses: []casefile.Status{casefile.Failed}}, []string{}},
		"target":         {casefile.Filter{Target: &one}, []string{"c-d", "c-e"}},
		"no such target": {casefile.Filter{Target: &none}, []string{}},
		"all of them":    {casefile.Filter{Target: &one, Statuses: []casefile.Status{casefile.Open, casefile.Released}, Limit: 1}, []string{"c-d"}},
	} {
		cases, err := s.Cases(t.Context(), test.filter)
		must(t, err)
		got := []string{}
		for _, c := range cases {
			got = append(got, c.ID)
			whole, err := s.Case(t.Context(), c.ID)
			must(t, err)
			same(t, name+": listed case", c, whole)
		}
		same(t, name, got, test.want)
	}
}

func missingCase(t *testing.T, s casefile.Store) {
	ctx := t.Context()
	_, errCase := s.Case(ctx, "c-1")
	_, errDocuments := s.Documents(ctx, "c-1")
	_, errJournal := s.Journal(ctx, "c-1")
	_, errUpdate := s.Update(ctx, "c-1", func(*casefile.Case) ([]casefile.Entry, error) {
		t.Error("f was called")
		return nil, nil
	})
	for name, err := range map[string]error{
		"Case": errCase, "Documents": errDocuments, "Journal": errJournal, "Update": errUpdate,
		"Claim": s.Claim(ctx, "c-1", "me", epoch, time.Minute), "Yield": s.Yield(ctx, "c-1", "me"),
	} {
		if !errors.Is(err, casefile.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", name, err)
		}
	}
	if _, ok, err := s.Record(ctx, "c-1", "ec2.tag"); ok || err != nil {
		t.Errorf("Record: ok %v, %v; want none", ok, err)
	}
	if records, err := s.Records(ctx, "c-1"); len(records) != 0 || err != nil {
		t.Errorf("Records: %v, %v; want none", records, err)
	}
}
