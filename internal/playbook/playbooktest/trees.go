package playbooktest

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"cordon/internal/playbook"
)

// Trees gives n random trees, always the same ones. With lone no Inline stands beside anything, or in another one, as it is
// in the built-in playbooks.
func Trees(n int, lone bool) []Tree {
	g := rapid.Custom(func(t *rapid.T) Tree {
		d := drawing{T: t, lone: lone, parts: map[string]Part{}}
		beside := rapid.Bool().Draw(t, "side by side")
		children := d.nodes(4, "", spot{beside: beside})
		root := playbook.Node(playbook.Seq(children))
		if beside {
			root = playbook.Par(children)
		}
		tree := Tree{root, d.parts}
		once := tree.Schedule(func(Part) int { return 1 })
		for key, p := range tree.Parts {
			p.Units = once[key].End - once[key].Begin
			tree.Parts[key] = p
		}
		if _, ok := root.(playbook.Seq); ok && rapid.Bool().Draw(t, "settle") {
			tree.Root = append(root.(playbook.Seq), playbook.Step{Action: playbook.Settle})
		}
		return tree
	})
	out := make([]Tree, n)
	for i := range out {
		out[i] = g.Example(i)
	}
	return out
}

type drawing struct {
	*rapid.T
	lone  bool
	steps int
	parts map[string]Part
}

// spot is where a node is drawn: in a Par, in an Inline.
type spot struct{ beside, inside bool }

func (d *drawing) node(depth int, place string, at spot) playbook.Node {
	kinds := []string{"step", "step"}
	if !at.inside {
		kinds = append(kinds, "gate")
	}
	if depth > 0 {
		kinds = append(kinds, "seq", "seq", "seq", "par", "par", "par")
	}
	if depth > 0 && (!d.lone || !at.beside && !at.inside) {
		kinds = append(kinds, "inline", "inline")
	}
	switch rapid.SampledFrom(kinds).Draw(d.T, "kind") {
	case "step":
		d.steps++
		s := playbook.Step{Action: fmt.Sprintf("toy.step-%d", d.steps), Essential: rapid.Bool().Draw(d.T, "essential")}
		d.parts[s.Action] = d.part(at)
		return s
	case "gate":
		p := d.part(at)
		p.Gate, p.Pending = true, 0
		d.parts["@"+place] = p
		return playbook.Gate{Ask: `may I? <"$.{}">`, Timeout: time.Hour}
	case "seq":
		return playbook.Seq(d.nodes(depth-1, place, at))
	case "par":
		at.beside = true
		return playbook.Par(d.nodes(depth-1, place, at))
	default:
		p := d.part(at)
		p.Inline = true
		d.parts["@"+place] = p
		at.inside = true
		return playbook.Inline{Node: d.node(depth-1, below(place, 0), at)}
	}
}

func (d *drawing) nodes(depth int, place string, at spot) []playbook.Node {
	out := make([]playbook.Node, rapid.IntRange(0, 4).Draw(d.T, "children"))
	for i := range out {
		out[i] = d.node(depth, below(place, i), at)
	}
	return out
}

func (d *drawing) part(at spot) Part {
	return Part{
		Inside:  at.inside,
		Units:   rapid.IntRange(1, 9).Draw(d.T, "units"),
		Pending: rapid.SampledFrom([]int{0, 0, 1, 3}).Draw(d.T, "pending"),
		Fails:   rapid.SampledFrom([]bool{false, false, true}).Draw(d.T, "fails"),
	}
}
