package awssim

import (
	"time"

	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// ssmState is a Region's Systems Manager.
type ssmState struct {
	Agents   map[string]*ssmAgent   // by instance id
	Commands map[string]*ssmCommand // by command id
}

// ssmAgent is the SSM agent of an instance. Every instance has one; it registers itself the first time that it
// reaches Systems Manager: the instance runs, has an instance profile, and may go out on port 443.
type ssmAgent struct {
	Stopped   bool      // it does not run
	Connected bool      // it reaches Systems Manager now
	Since     time.Time // when Connected last changed
	Joined    time.Time // when it registered
}

// ssmCommand is one SendCommand.
type ssmCommand struct {
	ID, Document, Comment string
	Parameters            map[string][]string
	Instances             []string      // as asked for
	Execution             time.Duration // how long the script may run
	Delivery              time.Duration // how long a host may take to fetch it
	Bucket, Prefix        string
	Sender                string // ARN of who sent it
	Sent                  time.Time
	Invocations           map[string]*ssmInvocation // by instance id
}

// ssmInvocation is a command on one instance.
type ssmInvocation struct {
	Status         ssmtypes.CommandInvocationStatus
	Details        string // StatusDetails, such as Delivery Timed Out
	Started, Ended time.Time
	Stdout, Stderr string
	Code           int32
}

func newSSM() ssmState {
	return ssmState{Agents: map[string]*ssmAgent{}, Commands: map[string]*ssmCommand{}}
}
