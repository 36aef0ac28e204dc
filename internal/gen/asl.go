package main

import "cordon/internal/asl"

// machine is the state machine of the built-in playbooks, with ${FunctionArn} and ${Partition} for the deployment to fill in.
func machine() []byte {
	raw, err := asl.Machine(asl.Playbooks())
	if err != nil {
		panic(err) // the playbooks are part of the program, and tested
	}
	return raw
}
