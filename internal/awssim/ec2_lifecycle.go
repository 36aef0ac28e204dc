package awssim

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// An instance's states; those in brackets last for Options.TransitionTime.
//
//	(pending) → running → (stopping) → stopped → (pending) …
//	                 └──────────┴─────────┴──→ (shutting-down) → terminated, for an hour
func instanceState(name ec2types.InstanceStateName) *ec2types.InstanceState {
	code := map[ec2types.InstanceStateName]int32{
		ec2types.InstanceStateNamePending: 0, ec2types.InstanceStateNameRunning: 16, ec2types.InstanceStateNameShuttingDown: 32,
		ec2types.InstanceStateNameTerminated: 48, ec2types.InstanceStateNameStopping: 64, ec2types.InstanceStateNameStopped: 80,
	}[name]
	return &ec2types.InstanceState{Name: name, Code: aws.Int32(code)}
}

func wrongState(i *instance, wanted string) error {
	return apiError(400, "IncorrectInstanceState", "The instance '%s' is not in a state from which the operation is possible: it is %s, not %s.",
		*i.InstanceId, i.State.Name, wanted)
}

func terminateInstances(x *request, in *ec2.TerminateInstancesInput) (*ec2.TerminateInstancesOutput, error) {
	list, err := chosen(x.ec2(), in.InstanceIds)
	if err != nil {
		return nil, err
	}
	for _, i := range list {
		if i.DisableAPITermination {
			return nil, apiError(400, "OperationNotPermitted",
				"The instance '%s' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.", *i.InstanceId)
		}
	}
	out := &ec2.TerminateInstancesOutput{}
	for _, i := range list {
		before := clone(i.State)
		x.st.terminateInstance(x.region(), x.now.Add(x.acct.opts.TransitionTime), *i.InstanceId)
		out.TerminatingInstances = append(out.TerminatingInstances, stateChange(i, before))
	}
	return out, nil
}

// terminateInstance ends an instance at a moment, whatever its termination protection, as Auto Scaling does too.
func (s *state) terminateInstance(r *region, at time.Time, id string) {
	i, ok := r.EC2.Instances[id]
	if !ok || i.State.Name == ec2types.InstanceStateNameTerminated || i.State.Name == ec2types.InstanceStateNameShuttingDown {
		return
	}
	i.State, i.Until = instanceState(ec2types.InstanceStateNameShuttingDown), at
	r.EC2.settleFlows(r.Name)
}

func stopInstances(x *request, in *ec2.StopInstancesInput) (*ec2.StopInstancesOutput, error) {
	list, err := chosen(x.ec2(), in.InstanceIds)
	if err != nil {
		return nil, err
	}
	for _, i := range list {
		switch {
		case i.DisableAPIStop:
			return nil, apiError(400, "OperationNotPermitted",
				"The instance '%s' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.", *i.InstanceId)
		case i.InstanceLifecycle == ec2types.InstanceLifecycleTypeSpot:
			return nil, apiError(400, "UnsupportedOperation", "You can't stop the Spot Instance '%s' because it is associated with a one-time Spot Instance request.", *i.InstanceId)
		case !stateIn(i, ec2types.InstanceStateNameRunning, ec2types.InstanceStateNameStopping, ec2types.InstanceStateNameStopped):
			return nil, wrongState(i, "running")
		}
	}
	out := &ec2.StopInstancesOutput{}
	for _, i := range list {
		before := clone(i.State)
		if i.State.Name == ec2types.InstanceStateNameRunning {
			i.State, i.Until = instanceState(ec2types.InstanceStateNameStopping), x.now.Add(x.acct.opts.TransitionTime)
		}
		out.StoppingInstances = append(out.StoppingInstances, stateChange(i, before))
	}
	return out, nil
}

func startInstances(x *request, in *ec2.StartInstancesInput) (*ec2.StartInstancesOutput, error) {
	list, err := chosen(x.ec2(), in.InstanceIds)
	if err != nil {
		return nil, err
	}
	for _, i := range list {
		if !stateIn(i, ec2types.InstanceStateNameStopped, ec2types.InstanceStateNamePending, ec2types.InstanceStateNameRunning) {
			return nil, wrongState(i, "stopped")
		}
	}
	out := &ec2.StartInstancesOutput{}
	for _, i := range list {
		before := clone(i.State)
		if i.State.Name == ec2types.InstanceStateNameStopped {
			i.State, i.Until = instanceState(ec2types.InstanceStateNamePending), x.now.Add(x.acct.opts.TransitionTime)
			i.LaunchTime = aws.Time(x.now)
		}
		out.StartingInstances = append(out.StartingInstances, stateChange(i, before))
	}
	return out, nil
}

// chosen gives the instances that a call must name.
func chosen(e *ec2State, ids []string) ([]*instance, error) {
	if len(ids) == 0 {
		return nil, missingParameter("InstanceId")
	}
	return selected(e.Instances, kindInstance(), ids)
}

func stateIn(i *instance, names ...ec2types.InstanceStateName) bool {
	for _, n := range names {
		if i.State.Name == n {
			return true
		}
	}
	return false
}

func stateChange(i *instance, before *ec2types.InstanceState) ec2types.InstanceStateChange {
	return ec2types.InstanceStateChange{InstanceId: aws.String(*i.InstanceId), PreviousState: before, CurrentState: clone(i.State)}
}

// advance ends what time ends in EC2: snapshots complete, instances reach their next state, terminated ones go.
func (e *ec2State) advance(region string, now time.Time) bool {
	changed := false
	for _, id := range sortedKeys(e.Instances) {
		i := e.Instances[id]
		if now.Before(i.Until) {
			continue
		}
		switch i.State.Name {
		case ec2types.InstanceStateNamePending:
			i.State = instanceState(ec2types.InstanceStateNameRunning)
		case ec2types.InstanceStateNameStopping:
			i.State = instanceState(ec2types.InstanceStateNameStopped)
		case ec2types.InstanceStateNameShuttingDown:
			i.State, i.Until = instanceState(ec2types.InstanceStateNameTerminated), now.Add(time.Hour)
			e.release(id)
		case ec2types.InstanceStateNameTerminated:
			delete(e.Instances, id)
			e.forget(id)
		default:
			continue
		}
		changed = true
	}
	for _, s := range e.Snapshots {
		if s.State == ec2types.SnapshotStatePending && !now.Before(s.Until) {
			s.State, s.Progress, s.CompletionTime = ec2types.SnapshotStateCompleted, aws.String("100%"), aws.Time(s.Until)
			changed = true
		}
	}
	if changed {
		e.settleFlows(region)
	}
	return changed
}

// release takes from a terminated instance what it had: interfaces and volumes are deleted or set free.
func (e *ec2State) release(id string) {
	for _, ni := range e.interfacesOf(id) {
		if aws.ToBool(ni.Attachment.DeleteOnTermination) {
			delete(e.Interfaces, *ni.NetworkInterfaceId)
			e.forget(*ni.NetworkInterfaceId)
			continue
		}
		detachInterface(ni)
	}
	for _, v := range e.volumesOn(id) {
		if aws.ToBool(v.Attachments[0].DeleteOnTermination) {
			delete(e.Volumes, *v.VolumeId)
			e.forget(*v.VolumeId)
			continue
		}
		v.Attachments, v.State = nil, ec2types.VolumeStateAvailable
	}
	if a := e.profileOf(id); a != nil {
		delete(e.Profiles, *a.AssociationId)
	}
}
