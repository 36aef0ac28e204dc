package awssim

import (
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// waitingTask is a task of a state machine's execution that waits for its token to come back.
type waitingTask struct {
	Closed bool   // it has its answer, or has timed out
	Output string // of a success: JSON
	Error  string // of a failure
}

func registerSFN(r registry) {
	write(r, "SFN", sendTaskSuccess)
	write(r, "SFN", sendTaskFailure)
}

// WaitingTask makes an execution's task wait with a token.
func (ed *Editor) WaitingTask(token string) {
	if ed.r.Tasks == nil {
		ed.r.Tasks = map[string]*waitingTask{}
	}
	ed.r.Tasks[token] = &waitingTask{}
}

// TaskTimesOut closes a waiting task without an answer.
func (ed *Editor) TaskTimesOut(token string) {
	if t, ok := ed.r.Tasks[token]; ok {
		t.Closed = true
	}
}

// TaskOutput gives the output, JSON, that a waiting task has got; "" for none.
func (ed *Editor) TaskOutput(token string) string {
	if t, ok := ed.r.Tasks[token]; ok {
		return t.Output
	}
	return ""
}

const mostOutput = 262_144 // bytes of a task's output

// waiting finds a task by its token. A token is of the Region in which the execution runs.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
func (x *request) waiting(token *string) (*waitingTask, error) {
	t, ok := x.region().Tasks[aws.ToString(token)]
	switch {
	case !ok || len(*token) > 2048:
		return nil, httpError(400, &sfntypes.InvalidToken{Message: aws.String("Invalid Token: 'Invalid token'")})
	case t.Closed:
		return nil, httpError(400, &sfntypes.TaskTimedOut{Message: aws.String("Task Timed Out: 'Provided task does not exist anymore'")})
	}
	return t, nil
}

func sendTaskSuccess(x *request, in *sfn.SendTaskSuccessInput) (*sfn.SendTaskSuccessOutput, error) {
	output := aws.ToString(in.Output)
	if !json.Valid([]byte(output)) || len(output) > mostOutput {
		return nil, httpError(400, &sfntypes.InvalidOutput{Message: aws.String("Invalid Output: 'The output is not valid JSON'")})
	}
	t, err := x.waiting(in.TaskToken)
	if err != nil {
		return nil, err
	}
	t.Closed, t.Output = true, output
	return &sfn.SendTaskSuccessOutput{}, nil
}

func sendTaskFailure(x *request, in *sfn.SendTaskFailureInput) (*sfn.SendTaskFailureOutput, error) {
	if len(aws.ToString(in.Error)) > 256 || len(aws.ToString(in.Cause)) > 32768 {
		return nil, validationError("1 validation error detected: the error or its cause is too long")
	}
	t, err := x.waiting(in.TaskToken)
	if err != nil {
		return nil, err
	}
	t.Closed, t.Error = true, aws.ToString(in.Error)
	return &sfn.SendTaskFailureOutput{}, nil
}
