package asl

import (
	"errors"
	"fmt"
	"strconv"

	"cordon/internal/playbook"
)

// chain is a part of a playbook as the machine needs it: links one after another, nothing empty, no Seq in a Seq.
type chain []link

// link is a task (one state), or a fork (a Parallel) of two branches or more.
type link interface{ link() }

type task struct {
	node  playbook.Node // Step, Inline or Gate
	place string        // where the node stands in the playbook's tree: "1/0"; "" is the root
}

type fork []chain

func (task) link() {}
func (fork) link() {}

// flatten makes the chain of a tree. A Settle at the very end is left out: the machine has a state of its own for it.
func flatten(root playbook.Node) (chain, error) {
	c, err := links(root, "")
	if err != nil {
		return nil, err
	}
	if n := len(c); n > 0 && settles(c[n-1]) {
		c = c[:n-1]
	}
	return c, c.check()
}

func links(n playbook.Node, place string) (chain, error) {
	switch n := n.(type) {
	case playbook.Step, playbook.Inline, playbook.Gate:
		return chain{task{n, place}}, nil
	case playbook.Seq:
		var out chain
		for i, child := range n {
			c, err := links(child, below(place, i))
			if err != nil {
				return nil, err
			}
			out = append(out, c...)
		}
		return out, nil
	case playbook.Par:
		var out fork
		for i, child := range n {
			c, err := links(child, below(place, i))
			if err != nil {
				return nil, err
			}
			if len(c) > 0 {
				out = append(out, c)
			}
		}
		switch len(out) {
		case 0:
			return nil, nil
		case 1:
			return out[0], nil
		default:
			return chain{out}, nil
		}
	default:
		return nil, fmt.Errorf("unknown node %T at %q", n, place)
	}
}

func below(place string, child int) string {
	if place == "" {
		return strconv.Itoa(child)
	}
	return place + "/" + strconv.Itoa(child)
}

func settles(l link) bool {
	t, ok := l.(task)
	if !ok {
		return false
	}
	s, ok := t.node.(playbook.Step)
	return ok && s.Action == playbook.Settle
}

var (
	errSettle = errors.New(playbook.Settle + " stands somewhere else than at the end")
	errGate   = errors.New("a gate stands in an inline: one invocation cannot wait for a person")
)

func (c chain) check() error {
	var errs []error
	for _, l := range c {
		if settles(l) {
			errs = append(errs, errSettle)
		}
		switch l := l.(type) {
		case fork:
			for _, branch := range l {
				errs = append(errs, branch.check())
			}
		case task:
			if in, ok := l.node.(playbook.Inline); ok {
				inside, err := links(in.Node, "")
				errs = append(errs, err, inside.checkInside())
			}
		}
	}
	return errors.Join(errs...)
}

// checkInside checks what stands in an Inline.
func (c chain) checkInside() error {
	errs := []error{c.check()}
	for _, l := range c {
		switch l := l.(type) {
		case fork:
			for _, branch := range l {
				errs = append(errs, branch.checkInside())
			}
		case task:
			if _, ok := l.node.(playbook.Gate); ok {
				errs = append(errs, errGate)
			}
		}
	}
	return errors.Join(errs...)
}

// steps lists a chain's steps, those in an Inline too.
func (c chain) steps() []playbook.Step {
	var out []playbook.Step
	for _, l := range c {
		switch l := l.(type) {
		case fork:
			for _, branch := range l {
				out = append(out, branch.steps()...)
			}
		case task:
			out = append(out, playbook.Steps(l.node)...)
		}
	}
	return out
}

// gates is the longest that the gates on any one way through the chain may take, in seconds.
func (c chain) gates() int {
	sum := 0
	for _, l := range c {
		switch l := l.(type) {
		case fork:
			longest := 0
			for _, branch := range l {
				longest = max(longest, branch.gates())
			}
			sum += longest
		case task:
			if g, ok := l.node.(playbook.Gate); ok {
				sum += seconds(g.Timeout.Seconds())
			}
		}
	}
	return sum
}
