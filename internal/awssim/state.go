package awssim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// state is everything the account holds. It is plain data: JSON keeps all of it.
type state struct {
	Account   string
	Partition string
	Seq       int // ids made so far
	Regions   map[string]*region
	IAM       iamState
	Buckets   map[string]*bucket
}

// region is what one Region holds, a part a service.
type region struct {
	Name    string
	EC2     ec2State
	Scaling scalingState
	ELB     elbState
	ELBV2   elbv2State
	SSM     ssmState

	DynamoDB dynamoState

	GuardDuty guardDutyState
	Hub       bool               // Security Hub is on
	Topics    map[string]*topic  // by name
	Secrets   map[string]*secret // by name

	SQS   sqsState
	Tasks map[string]*waitingTask `json:",omitempty"` // of state machines, by token
}

func newState(account, partition string) *state {
	return &state{Account: account, Partition: partition, Regions: map[string]*region{}, IAM: newIAM(), Buckets: map[string]*bucket{}}
}

// region gives the named Region's part, made on first use.
func (s *state) region(name string) *region {
	r, ok := s.Regions[name]
	if !ok {
		r = &region{Name: name, EC2: newEC2(), Scaling: newScaling(), ELB: newELB(), ELBV2: newELBV2(), SSM: newSSM()}
		s.Regions[name] = r
	}
	return r
}

// newID makes an id of AWS's form, such as sg-0f3a…; the same account history makes the same ids.
func (s *state) newID(prefix string) string {
	s.Seq++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", prefix, s.Seq))
	return prefix + "-0" + hex.EncodeToString(sum[:])[:16]
}

// arn builds an ARN in this account.
func (s *state) arn(service, region, resource string) string {
	return "arn:" + s.Partition + ":" + service + ":" + region + ":" + s.Account + ":" + resource
}

// advance lets the account's clock do what time does: instances reach their next state, snapshots complete, targets
// drain, commands end, unhealthy members of an Auto Scaling group are replaced. It says whether anything changed.
// It runs at each call, before and after, so things happen at the first call after their time.
func (s *state) advance(now time.Time, opts Options) bool {
	changed := false
	for range 4 { // one thing leads to another: a terminated member to its replacement, that to its registration
		if !s.advanceOnce(now, opts) {
			break
		}
		changed = true
	}
	return changed
}

func (s *state) advanceOnce(now time.Time, opts Options) bool {
	changed := false
	for _, name := range sortedKeys(s.Regions) {
		r := s.Regions[name]
		changed = r.EC2.advance(r.Name, now) || changed
		changed = r.ELBV2.advance(now) || changed
		changed = s.advanceScaling(r, now, opts) || changed
		changed = s.advanceSSM(r, now, opts) || changed
	}
	return changed
}
