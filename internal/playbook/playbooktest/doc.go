// Package playbooktest holds every engine that runs a playbook's tree against one and the same schedule: what begins and
// ends when, if each part takes a known time and what may run side by side does.
package playbooktest

import (
	"fmt"
	"strconv"

	"cordon/internal/playbook"
)

// Tree is a playbook's tree and how its parts behave, by key: a step's action, or "@" and the place of an Inline or a Gate,
// such as "@1/0". Settle is none of them.
type Tree struct {
	Root  playbook.Node
	Parts map[string]Part
}

// Part is a step, an Inline or a Gate.
type Part struct {
	Gate    bool
	Inline  bool
	Inside  bool // in an Inline
	Units   int  // how long it takes each time; of an Inline: what its steps take when each is run once
	Pending int  // it is not finished so many times
	Fails   bool // then it fails, for good
}

// Span is when a part first began and last ended.
type Span struct{ Begin, End int }

// Schedule says when each part runs in an engine that loses no time between them; runs says how often a part is run there.
// The spans of what is in an Inline are those of its first run.
func (t Tree) Schedule(runs func(Part) int) map[string]Span {
	s := schedule{t, runs, map[string]Span{}}
	s.node(t.Root, "", 0)
	return s.spans
}

type schedule struct {
	Tree
	runs  func(Part) int
	spans map[string]Span
}

// node gives the time at which a node that begins at from ends.
func (s schedule) node(n playbook.Node, place string, from int) int {
	switch n := n.(type) {
	case playbook.Step:
		if n.Action == playbook.Settle {
			return from
		}
		return s.part(n.Action, from, s.Parts[n.Action].Units)
	case playbook.Gate:
		return s.part("@"+place, from, s.Parts["@"+place].Units)
	case playbook.Inline:
		return s.part("@"+place, from, s.node(n.Node, below(place, 0), from)-from)
	case playbook.Seq:
		for i, c := range n {
			from = s.node(c, below(place, i), from)
		}
		return from
	case playbook.Par:
		end := from
		for i, c := range n {
			end = max(end, s.node(c, below(place, i), from))
		}
		return end
	default:
		panic(fmt.Sprintf("playbooktest: unknown node %T", n))
	}
}

func (s schedule) part(key string, from, units int) int {
	end := from + units*s.runs(s.Parts[key])
	s.spans[key] = Span{from, end}
	return end
}

func below(place string, child int) string {
	if place == "" {
		return strconv.Itoa(child)
	}
	return place + "/" + strconv.Itoa(child)
}
