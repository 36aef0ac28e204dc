package awssim

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// clientToken is what a call with a ClientToken made, so that the same call again makes nothing more.
type clientToken struct {
	Input string // digest of the whole input
	IDs   []string
}

// replayed gives the ids that an earlier call with the same token made; the same token with another input is
// refused.
func (e *ec2State) replayed(operation string, token *string, in any) (ids []string, done bool, err error) {
	old, ok := e.Tokens[operation+"/"+aws.ToString(token)]
	if aws.ToString(token) == "" || !ok {
		return nil, false, nil
	}
	if old.Input != digest(in) {
		return nil, false, apiError(400, "IdempotentParameterMismatch",
			"The client token you have provided is associated with a resource that has a different configuration.")
	}
	return old.IDs, true, nil
}

// remember keeps what a call with a token made.
func (e *ec2State) remember(operation string, token *string, in any, ids ...string) {
	if aws.ToString(token) != "" {
		e.Tokens[operation+"/"+*token] = clientToken{Input: digest(in), IDs: ids}
	}
}

func digest(in any) string {
	raw, err := json.Marshal(in)
	if err != nil {
		panic("awssim: input does not encode: " + err.Error()) // the SDK's inputs are plain data
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}
