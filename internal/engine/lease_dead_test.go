package engine

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestDead: of a lease's owner only a process of this very place that is not there any more is dead.
func TestDead(t *testing.T) {
	e := New(Options{Local: true})
	if e.process == "" {
		t.Skip("this system does not say in which place a process is")
	}
	here, own, _ := cutLast(e.process, ".")
	if own != fmt.Sprint(os.Getpid()) || len(here) != 17 {
		t.Fatalf("this process is %q", e.process)
	}
	child := exec.CommandContext(t.Context(), "sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	id := child.Process.Pid
	owner := func(place string, pid any) string { return fmt.Sprint("host/1/ABCDEFGH", place, ".", pid) }
	if e.dead(owner(here, id)) {
		t.Error("a process that lives is taken for dead")
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if time.Sleep(20 * time.Millisecond); e.dead(owner(here, id)) {
		t.Error("a process that nobody has waited for is taken for dead")
	}
	_ = child.Wait()
	elsewhere := "@" + strings.Repeat("0", len(here)-1)
	for _, tc := range []struct {
		name, owner string
		want        bool
	}{
		{"a dead process", owner(here, id), true},
		{"itself", owner(here, os.Getpid()), false},
		{"another user's, and everybody's parent", owner(here, 1), false},
		{"of another place", owner(elsewhere, id), false},
		{"of no place", fmt.Sprint("host/", id, "/ABCDEFGH"), false},
		{"without an id", owner(here, ""), false},
		{"a process group", owner(here, -id), false},
		{"everybody", owner(here, 0), false},
		{"no number", owner(here, "1e3"), false},
		{"a walk", "walk/0123", false},
		{"nobody", "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := e.dead(tc.owner); got != tc.want {
				t.Errorf("%q is dead: %t", tc.owner, got)
			}
			if New(Options{}).dead(tc.owner) {
				t.Error("a store of several machines: nothing is known of anybody")
			}
		})
	}
	if got := ownerName(owner(here, id)); got != "host/1/ABCDEFGH" {
		t.Errorf("for people it is %q", got)
	}
}

func TestGrave(t *testing.T) {
	var g grave
	now := time.Unix(0, 0)
	for i, step := range []struct {
		after time.Duration
		dead  bool
		owner string
		want  bool
	}{
		{0, true, "a", false},
		{afterDeath - 1, true, "a", false},
		{1, true, "b", false}, // another one had taken it over, and has died too
		{afterDeath, true, "b", true},
		{1, false, "c", false},
		{1, true, "b", false},
	} {
		now = now.Add(step.after)
		if got := g.rests(step.dead, step.owner, now); got != step.want {
			t.Errorf("step %d: %t", i, got)
		}
	}
}
