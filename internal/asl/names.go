package asl

import (
	"fmt"
	"strings"

	"cordon/internal/playbook"
)

// maxName is the longest name that a state may have, in characters.
const maxName = 80

// names gives out the states' names, each once in the whole machine.
type names map[string]bool

func (n names) take(name string) string {
	runes := []rune(name)
	for i := 1; ; i++ {
		suffix := ""
		if i > 1 {
			suffix = fmt.Sprintf(" (%d)", i)
		}
		unique := string(runes[:min(len(runes), maxName-len(suffix))]) + suffix
		if !n[unique] {
			n[unique] = true
			return unique
		}
	}
}

// name is what a link is called within its playbook.
func name(l link) string {
	switch l := l.(type) {
	case fork:
		return group(chain{l}.steps())
	case task:
		switch n := l.node.(type) {
		case playbook.Step:
			return short(n.Action)
		case playbook.Gate:
			return "ask"
		case playbook.Inline:
			for _, s := range playbook.Steps(n) {
				if s.Essential {
					return "contain"
				}
			}
			return group(playbook.Steps(n))
		}
	}
	panic(fmt.Sprintf("asl: unknown link %T", l))
}

func group(steps []playbook.Step) string {
	switch len(steps) {
	case 0:
		return "nothing"
	case 1:
		return short(steps[0].Action)
	default:
		return fmt.Sprintf("%s and %d more", short(steps[0].Action), len(steps)-1)
	}
}

// short is an action's id without its service, which the playbook's name tells.
func short(action string) string {
	if _, name, ok := strings.Cut(action, "."); ok {
		return name
	}
	return action
}
