package asl

import (
	"bytes"
	"errors"
	"fmt"

	"cordon/internal/config"
	"cordon/internal/finding"
	"cordon/internal/playbook"
)

// The states of the machine's frame.
const (
	stateOpen    = "Open"
	stateCases   = "Cases"
	stateWanted  = "Yes wanted?"
	stateAsk     = "Ask a person"
	stateChoose  = "Playbook"
	stateBefore  = "Settled before"
	stateUnknown = "No such playbook"
	stateUnclear = "Not settled"
	stateLook    = "Any dirty?"
	stateFork    = "Clean or dirty"
	stateClean   = "Clean"
	stateDirty   = "Dirty"
)

// ErrorDirty is the error of an execution after which a person has to look.
const ErrorDirty = "Dirty"

const causeDirty = "A case did not end as policy says, or the finding could not be opened. List the cases: cordon cases. " +
	"Then see what is missing: cordon show CASE. Without a case, mend what the error of Open says (more is in the log /aws/lambda/FUNCTION), then start the execution again with the same input."

// Machine renders playbooks as one state machine, the same bytes for the same playbooks: indented JSON in which
// ${FunctionArn} and ${Partition} are still to be put in. An execution's input is an event of EventBridge's.
//
//	Open ─▶ Cases (a Map) ──────────────────────────────────────────────┐ ─▶ Any dirty? ─▶ Clean or dirty ┬▶ Clean
//	 │        Yes wanted? ─▶ Ask a person ◀─ asks ─┐                        │                                └▶ Dirty
//	 │             ▼             ▼                 │                        │                                   ▲
//	 │        Playbook ┬▶ ec2: contain ────────────┴▶ … ─▶ ec2: settle ─▶ {case, clean}                         │
//	 │                 ├▶ …                                 └▶ Not settled  │                                   │
//	 │                 └▶ Settled before                                    │                                   │
//	 └─ could not ──────────────────────────────────────────────────────────┴───────────────────────────────────┘
//
// Between the states of a case go its id, the playbook's name, clean and approve as Open said them, nothing else: what a task did,
// and what a person said, is in the store. A task that fails for good is passed over, as the engine passes over a step that failed; settle tells.
//
// A gate's answer, yes or no, has to come by SendTaskSuccess, and be in the store before; after SendTaskFailure the person is
// asked again.
func Machine(playbooks []playbook.Playbook) ([]byte, error) {
	r := render{names: names{}}
	for _, frame := range []string{
		stateOpen, stateCases, stateWanted, stateAsk, stateChoose, stateBefore, stateUnknown, stateUnclear, stateLook, stateFork, stateClean, stateDirty,
	} {
		r.names.take(frame)
	}
	body, gates, err := r.body(playbooks)
	if err != nil {
		return nil, err
	}
	m := graph{
		Comment: "Cordon answers GuardDuty findings. Code generated from the playbooks by cordon asl; DO NOT EDIT.",
		StartAt: stateOpen, TimeoutSeconds: machineTimeout + gates,
	}

	open := invoke(payload{Task: TaskOpen, Event: "$"}, "Makes or finds the case of each of the finding's targets, and says which playbook answers it.")
	open.ResultSelector = map[string]string{"cases.$": "$.Payload.cases"}
	open.Catch = []catcher{{ErrorEquals: []string{"States.ALL"}, ResultPath: []byte(`"$.error"`), Next: stateDirty}}
	open.Next = stateCases
	m.States.add(stateOpen, open)

	m.States.add(stateCases, state{
		Type: "Map", Comment: "The cases side by side, each for itself.", ItemsPath: "$.cases", ItemProcessor: &body,
		Catch: []catcher{{ErrorEquals: []string{"States.ALL"}, ResultPath: []byte(`"$.error"`), Next: stateDirty}}, Next: stateLook,
	})
	m.States.add(stateLook, state{
		Type: "Pass", Comment: "Whether any case has to be looked at.",
		Parameters: map[string]string{"dirty.$": "States.ArrayContains($[*].clean, false)"}, Next: stateFork,
	})
	m.States.add(stateFork, state{
		Type: "Choice", Choices: []choice{{Variable: "$.dirty", BooleanEquals: true, Next: stateDirty}}, Default: stateClean,
	})
	m.States.add(stateClean, state{Type: "Succeed", Comment: "Every case ended as policy says."})
	m.States.add(stateDirty, state{Type: "Fail", Comment: "A person has to look. An alarm hangs on this.", Error: ErrorDirty, Cause: causeDirty})

	raw, err := encode(m)
	if err != nil {
		return nil, err
	}
	return layout(raw)
}

// body is what happens to one case: its playbook's tree. gates is the longest that people may take to answer, in seconds.
func (r render) body(playbooks []playbook.Playbook) (body graph, gates int, err error) {
	body.ProcessorConfig, body.StartAt = &processor{"INLINE"}, stateWanted
	choose := state{
		Type: "Choice", Comment: "Which playbook answers the case.",
		Choices: []choice{{Variable: "$.playbook", StringEquals: NoPlaybook, Next: stateBefore}}, Default: stateUnknown,
	}
	var trees states
	seen := map[string]bool{NoPlaybook: true, "": true}
	for _, p := range playbooks {
		if seen[p.Name] {
			return body, 0, fmt.Errorf("render playbook %q: its name is taken", p.Name)
		}
		seen[p.Name] = true
		c, err := flatten(p.Root)
		if err != nil {
			return body, 0, fmt.Errorf("render playbook %q: %w", p.Name, err)
		}
		gates = max(gates, c.gates())
		r.playbook = p.Name
		choose.Choices = append(choose.Choices, choice{Variable: "$.playbook", StringEquals: p.Name, Next: r.tree(&trees, c)})
	}
	if len(playbooks) == 0 {
		return body, 0, errors.New("render state machine: there is no playbook")
	}
	body.States.add(stateWanted, state{
		Type: "Choice", Comment: "Whether a person has to say yes first.",
		Choices: []choice{{Variable: "$.approve", BooleanEquals: true, Next: stateAsk}}, Default: stateChoose,
	})
	body.States.add(stateAsk, ask())
	body.States.add(stateChoose, choose)
	body.States.add(stateBefore, state{
		Type: "Pass", Comment: "Nothing is to be done in this case (any more).", Parameters: outcome{"$.case", "$.clean"}, End: true,
	})
	body.States.add(stateUnknown, state{
		Type: "Pass", Comment: "The function knows a playbook that this machine does not: deploy both from one version.",
		Parameters: unclean{"$.case", false}, End: true,
	})
	body.States = append(body.States, trees...)
	body.States.add(stateUnclear, state{
		Type: "Pass", Comment: "The case could not be settled: nobody was told.", Parameters: unclean{"$.case", false}, End: true,
	})
	return body, gates, nil
}

// tree adds a playbook's states, settle last, and gives the name of the first.
func (r render) tree(to *states, c chain) (first string) {
	end := r.take("settle")
	first = r.chain(to, c, end)
	settle := invoke(payload{Task: TaskSettle, Case: "$.case", Playbook: "$.playbook"}, "Reads the records, gives the case its status, tells people.")
	settle.ResultSelector = outcome{"$.Payload.case", "$.Payload.clean"}
	settle.Catch, settle.End = whatever(stateUnclear), true
	to.add(end, settle)
	return first
}

// Playbooks are the built-in ones as the machine needs them. Only their trees count, and those are the same for every target
// and configuration.
func Playbooks() []playbook.Playbook {
	kinds := playbook.Kinds()
	out := make([]playbook.Playbook, len(kinds))
	for i, k := range kinds {
		out[i], _ = playbook.For(playbook.Subject{Target: finding.Target{Kind: k}, Config: config.Default("/")})
	}
	return out
}

// Fill puts the function's ARN and the partition ("aws", "aws-cn", …) into a rendered machine. An empty one is left open, for
// the deployment to put in.
func Fill(machine []byte, partition, function string) []byte {
	if partition != "" {
		machine = bytes.ReplaceAll(machine, []byte("${Partition}"), []byte(partition))
	}
	if function != "" {
		machine = bytes.ReplaceAll(machine, []byte("${FunctionArn}"), []byte(function))
	}
	return machine
}
