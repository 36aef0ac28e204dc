package actiontest

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cordon/internal/action"
	"cordon/internal/awssim"
	"cordon/internal/cloud"
)

// Scenario is one situation in which an action must keep the law.
type Scenario struct {
	Name     string
	Action   string // its id
	With     any    // the step's settings
	Instance string // WebServer if empty
	Options  awssim.Options

	// Light leaves the failing calls out: another scenario makes the same ones.
	Light bool
	// Fault is what goes wrong with the actions' calls always.
	Fault func(awssim.Call) awssim.Fault
	// Setup prepares the account and the world before anything is compared.
	Setup func(t testing.TB, w *World)
	// First are the actions that have run before, with the settings of With.
	First []string
	// Want is how Run ends without faults; action.Done if empty. Text must be in the record's reason or error.
	Want action.Status
	Text string
	// Leaves says that release cannot make the account quite as it was, and why.
	Leaves string
	// Renews says that Do anew sets something newer, and why.
	Renews string
	// Meddle is a change by someone else after Run. Release must leave it alone, and overwrite it when forced.
	Meddle func(t testing.TB, w *World)
	// Mixed says that other parts than the meddled one are put back, and which.
	Mixed string
	// Check, when set, looks at the world after Run.
	Check func(t testing.TB, w *World, rec action.Record)
}

// Run holds every action of the catalogue to the law, in every scenario:
//
//   - Observe changes nothing, also with clients that cannot write.
//   - Do twice is as Do once; Undo leaves the account as it was; Undo twice is safe.
//   - A call that fails, before or after it took effect, whichever it is, hinders neither the retry nor the release.
//   - The calls made are those that Permissions names, and over all scenarios there is no permission without a call.
//
// Every action must have a scenario in which it is done. With -short the failing calls are left out.
func Run(t *testing.T, catalog []action.Action, scenarios ...Scenario) {
	var used calls
	done := map[string]bool{}
	t.Run("scenario", func(t *testing.T) {
		for _, s := range scenarios {
			a, ok := find(catalog, s.Action)
			if !ok {
				t.Fatalf("scenario %q is about %s, which is not in the catalogue", s.Name, s.Action)
			}
			done[a.ID] = done[a.ID] || s.want() == action.Done
			c := conformance{Scenario: s, catalog: catalog, action: a, used: &used}
			t.Run(a.ID+"/"+strings.ReplaceAll(s.Name, " ", "_"), func(t *testing.T) {
				t.Parallel()
				c.run(t)
			})
		}
	})
	for _, a := range catalog {
		if !done[a.ID] {
			t.Errorf("%s has no scenario in which it is done", a.ID)
		}
		for _, p := range a.Permissions {
			if !used.has(a.ID, p) && !implied(a, p) {
				t.Errorf("%s: no scenario calls %s", a.ID, p)
			}
		}
	}
}

// calls are the permissions that actions have used, as "action permission".
type calls struct{ m sync.Map }

func (c *calls) add(id, permission string)      { c.m.Store(id+" "+permission, true) }
func (c *calls) has(id, permission string) bool { _, ok := c.m.Load(id + " " + permission); return ok }

// implied says whether AWS checks the permission without a call of its own: passing a role, tagging on creation.
func implied(a action.Action, permission string) bool {
	switch permission {
	case "iam:PassRole":
		return slices.Contains(a.Permissions, "ec2:AssociateIamInstanceProfile")
	case "ec2:CreateTags":
		return slices.Contains(a.Permissions, "ec2:CreateSecurityGroup") || slices.Contains(a.Permissions, "ec2:CreateSnapshots")
	}
	return false
}

func find(catalog []action.Action, id string) (action.Action, bool) {
	i := slices.IndexFunc(catalog, func(a action.Action) bool { return a.ID == id })
	if i < 0 {
		return action.Action{}, false
	}
	return catalog[i], true
}

// conformance is one scenario under test.
type conformance struct {
	Scenario
	catalog []action.Action
	action  action.Action
	used    *calls
	before  map[string]any // the account before Run, see remember
}

func (s Scenario) want() action.Status {
	if s.Want == "" {
		return action.Done
	}
	return s.Want
}

func (c *conformance) run(t *testing.T) {
	var runs, undos int
	c.bubble(t, "observe", c.observe)
	c.bubble(t, "do and undo", func(t *testing.T, w *World) { runs, undos = c.doAndUndo(t, w) })
	if c.Meddle != nil {
		c.bubble(t, "someone else's change", c.conflict)
	}
	if t.Failed() || testing.Short() || c.Light {
		return // the faults would only repeat it
	}
	for _, f := range faults() {
		for n := 1; n <= runs; n++ {
			c.bubble(t, f.name+" in run, "+ordinal(n), func(t *testing.T, w *World) { c.faultInRun(t, w, f.at(n), true) })
			if f.hidden {
				continue
			}
			c.bubble(t, f.name+" in run, no retry, "+ordinal(n), func(t *testing.T, w *World) { c.faultInRun(t, w, f.at(n), false) })
		}
		for n := 1; n <= undos; n++ {
			c.bubble(t, f.name+" in undo, "+ordinal(n), func(t *testing.T, w *World) { c.faultInUndo(t, w, f.at(n)) })
		}
	}
}

// bubble runs f in a world of its own, with a clock of its own, and adds its calls to the permissions used.
func (c *conformance) bubble(t *testing.T, name string, f func(*testing.T, *World)) {
	t.Helper()
	ok := true
	synctest.Test(t, func(t *testing.T) {
		t.Helper()
		instance := c.Instance
		if instance == "" {
			instance = WebServer
		}
		w := NewWorld(t, instance, c.Options)
		if c.Setup != nil {
			c.Setup(t, w)
		}
		for _, id := range c.First {
			a, found := find(c.catalog, id)
			if !found {
				t.Fatalf("%s, which is to run first, is not in the catalogue", id)
			}
			if rec := w.Run(t, a, c.With); rec.Status == action.Failed {
				t.Fatalf("%s, which is to run first: %s", id, rec.Error)
			}
		}
		time.Sleep(settled)
		w.always = c.Fault
		w.Inject(nil)
		c.remember(w)
		from := len(w.Journal.Calls())
		f(t, w)
		for _, call := range w.Journal.Calls()[from:] {
			if p := call.Action(); !slices.Contains(c.action.Permissions, p) {
				t.Errorf("calls %s, which is not among its Permissions", p)
			} else {
				c.used.add(c.action.ID, p)
			}
		}
		ok = !t.Failed()
	})
	if !ok {
		t.Errorf("↑ %s", name)
	}
}

// remember keeps the account as it is before Run, without what is left behind on purpose. It is the same in every
// bubble, unless actions have run first, whose calls side by side get their ids in any order.
func (c *conformance) remember(w *World) {
	if c.before == nil || len(c.First) > 0 {
		c.before = w.Dump(false)
	}
}

// settled is long enough for what AWS does later: draining, associating, terminating.
const settled = 2 * time.Minute

func (c *conformance) observe(t *testing.T, w *World) {
	before := w.Dump(true)
	env := *w.Env
	env.Clients = cloud.New(cloud.ReadOnly(w.Account.Config(awssim.DemoRegion)), awssim.DefaultAccount)
	if _, err := action.Plan(t.Context(), &env, c.action, w.Request(t, c.With)); err != nil && c.want() != action.Failed {
		t.Errorf("plan: %v", err)
	}
	same(t, "observing changed", before, w.Dump(true))
}

// doAndUndo goes through the life of a record without faults. It gives the number of calls that Run and Undo made.
func (c *conformance) doAndUndo(t *testing.T, w *World) (runs, undos int) {
	from := len(w.Journal.Calls())
	rec := w.Run(t, c.action, c.With)
	runs = w.Attempts()
	for _, call := range w.Journal.Calls()[from:] {
		if p := call.Action(); slices.Contains(c.action.ForRelease, p) {
			t.Errorf("calls %s, which is to be for release only", p)
		}
	}
	if rec.Status != c.want() || !strings.Contains(rec.Reason+rec.Error, c.Text) {
		t.Fatalf("run: %s, want %s with %q (error %q, reason %q)", rec.Status, c.want(), c.Text, rec.Error, rec.Reason)
	}
	if c.Check != nil {
		c.Check(t, w, rec)
	}
	once := w.Dump(true)
	if rec.Status == action.Done {
		w.Reopen(t, c.action, action.Doing)
		if again := w.Run(t, c.action, c.With); again.Status != action.Done {
			t.Fatalf("run again: %s (error %q)", again.Status, again.Error)
		}
		if c.Renews == "" {
			same(t, "doing it twice changed", once, w.Dump(true))
		}
	}
	w.Inject(nil)
	rec = w.Undo(t, c.action, false)
	undos = w.Attempts()
	c.restored(t, w, rec)
	if rec.Status == action.Undone {
		w.Reopen(t, c.action, action.Done)
		c.restored(t, w, w.Undo(t, c.action, false))
	}
	return runs, undos
}

// faultInRun lets one call of Run fail; what comes of it is retried or not, and then released.
func (c *conformance) faultInRun(t *testing.T, w *World, fault injector, retry bool) {
	w.Inject(fault)
	rec := w.Run(t, c.action, c.With)
	w.Inject(nil)
	if retry && rec.Status != c.want() {
		if rec = w.Run(t, c.action, c.With); rec.Status != c.want() {
			t.Fatalf("retry: %s, want %s (error %q, reason %q)", rec.Status, c.want(), rec.Error, rec.Reason)
		}
	}
	c.restored(t, w, w.Undo(t, c.action, false))
}

// conflict has someone else change what Run set.
func (c *conformance) conflict(t *testing.T, w *World) {
	w.Run(t, c.action, c.With)
	c.Meddle(t, w)
	time.Sleep(settled)
	meddled := w.Dump(false)
	if rec := w.Undo(t, c.action, false); rec.Status != action.Conflict || rec.Reason == "" {
		t.Errorf("release: %s, want a conflict with its reason (error %q, reason %q)", rec.Status, rec.Error, rec.Reason)
	}
	if c.Mixed == "" {
		same(t, "a release with a conflict changed", meddled, w.Dump(false))
	}
	rec := w.Undo(t, c.action, true)
	if rec.Status != action.Undone {
		t.Errorf("forced release: %s (error %q, reason %q)", rec.Status, rec.Error, rec.Reason)
	}
	c.restored(t, w, rec)
}

func (c *conformance) faultInUndo(t *testing.T, w *World, fault injector) {
	w.Run(t, c.action, c.With)
	w.Inject(fault)
	rec := w.Undo(t, c.action, false)
	w.Inject(nil)
	if rec.Status != action.Undone {
		rec = w.Undo(t, c.action, false)
	}
	c.restored(t, w, rec)
}

// restored wants the account to be as before, but for what the scenario allows.
func (c *conformance) restored(t *testing.T, w *World, rec action.Record) {
	t.Helper()
	if c.action.Irreversible == "" && rec.Open() {
		t.Errorf("release: %s (error %q, reason %q)", rec.Status, rec.Error, rec.Reason)
	}
	time.Sleep(settled)
	if c.Leaves == "" {
		same(t, "after release", c.before, w.Dump(false))
	}
}

func same(t *testing.T, what string, before, after map[string]any) {
	t.Helper()
	if diff := awssim.Diff(before, after); len(diff) > 0 {
		t.Errorf("%s:\n  %s", what, strings.Join(diff, "\n  "))
	}
}
