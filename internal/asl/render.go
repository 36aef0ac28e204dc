package asl

import (
	"fmt"
	"strings"

	"cordon/internal/playbook"
)

// render adds states, each under a name of its own.
type render struct {
	names    names
	playbook string
	inBranch bool // of a Parallel, which no error leaves
}

func (r render) take(name string) string { return r.names.take(r.playbook + ": " + name) }

// chain adds a chain's states to those of its graph and gives the name of the first. After the last one comes next,
// whatever has become of the others.
func (r render) chain(to *states, c chain, next string) (first string) {
	called := make([]string, len(c)+1)
	for i, l := range c {
		called[i] = r.take(name(l))
	}
	called[len(c)] = next
	for i, l := range c {
		var st state
		switch l := l.(type) {
		case task:
			st = r.task(l, called[i+1])
		case fork:
			st = r.fork(l)
		}
		st.Next = called[i+1]
		to.add(called[i], st)
	}
	return called[0]
}

// fork is a Parallel. Its branches end by themselves: no error leaves them, so that none ends the others.
func (r render) fork(f fork) state {
	r.inBranch = true
	st := state{Type: "Parallel", Comment: "Side by side; what fails in a branch stops nothing.", ResultPath: discard}
	for _, branch := range f {
		var g graph
		last := branch[len(branch)-1]
		end := r.take(name(last) + " ended")
		g.StartAt = r.chain(&g.States, branch, end)
		g.States.add(end, state{Type: "Pass", Comment: "The branch ends here, whatever became of its steps.", End: true})
		st.Branches = append(st.Branches, g)
	}
	return st
}

func (r render) task(t task, next string) state {
	p := payload{Case: "$.case", Playbook: "$.playbook"}
	comment := ""
	switch n := t.node.(type) {
	case playbook.Step:
		p.Task, p.Action = TaskStep, n.Action
		comment = aboutStep(n)
	case playbook.Inline:
		p.Task, p.Node = TaskInline, t.place
		comment = aboutInline(n)
	case playbook.Gate:
		p.Task, p.Node, p.Token = TaskGate, t.place, "$$.Task.Token"
		st := invoke(p, "Asks a person, and waits for the answer: "+n.Ask)
		st.Resource += ".waitForTaskToken"
		st.TimeoutSeconds = seconds(n.Timeout.Seconds())
		st.ResultPath, st.Catch = discard, whatever(next)
		return st
	}
	st := invoke(p, comment)
	st.ResultPath, st.Catch = discard, whatever(next)
	if p.Task == TaskInline && !r.inBranch {
		st.Catch = append([]catcher{{ErrorEquals: []string{ErrorAsks}, ResultPath: discard, Next: stateAsk}}, st.Catch...)
	}
	return st
}

// ask waits for a person's answer before the playbook is begun, or begun again. The containment looks into the store for it.
// The end of a question is in the store too, and not the same for all: so the task times out, and asks again if it is not over.
func ask() state {
	st := invoke(payload{Task: TaskGate, Case: "$.case", Playbook: "$.playbook", Token: "$$.Task.Token"},
		"Waits for a person: cordon approve CASE, or cordon deny CASE. Whatever comes, or does not, the case has the outcome.")
	st.Resource += ".waitForTaskToken"
	st.TimeoutSeconds, st.Retry = askTimeout, append([]retrier{stillAsked()}, st.Retry...)
	st.ResultPath, st.Catch, st.Next = discard, whatever(stateChoose), stateChoose
	return st
}

// invoke is a task without its way on.
func invoke(p payload, comment string) state {
	p.Execution, p.Started = "$$.Execution.Name", "$$.Execution.StartTime"
	return state{
		Type: "Task", Comment: comment, Resource: "arn:${Partition}:states:::lambda:invoke",
		Parameters:     invocation{FunctionName: "${FunctionArn}", Payload: p},
		TimeoutSeconds: taskTimeout, Retry: retries(p.Task),
	}
}

func aboutStep(s playbook.Step) string {
	text := s.Action
	if s.Optional {
		text += " (optional: the case is contained without it)"
	}
	if s.Residual != "" {
		text += ". If it fails: " + s.Residual
	}
	return text + "."
}

func aboutInline(n playbook.Inline) string {
	steps := playbook.Steps(n)
	ids := make([]string, len(steps))
	for i, s := range steps {
		ids[i] = s.Action
	}
	return fmt.Sprintf("In one invocation: %s.", strings.Join(ids, ", "))
}
