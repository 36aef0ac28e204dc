package awssim

import (
	"time"

	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// A command's life, in parts of Options.CommandTime after it was sent: hosts know of it after a tenth, begin it
// after a fifth, and answer when all of it is over.
//
//	SendCommand ─ 1/10 ─ Pending ─ 1/5 ─ InProgress ─ 1 ─ Success or Failed
//	                        └ host not reached in time: Delivery Timed Out
func known(c *ssmCommand, opts Options) time.Time { return c.Sent.Add(opts.CommandTime / 10) }
func begun(c *ssmCommand, opts Options) time.Time { return c.Sent.Add(opts.CommandTime / 5) }

func running(opts Options) time.Duration { return opts.CommandTime - opts.CommandTime/5 }

// advanceSSM lets agents come and go, and commands run.
func (s *state) advanceSSM(r *region, now time.Time, opts Options) bool {
	changed := false
	for _, id := range sortedKeys(r.SSM.Commands) { // first: up to now the agents were as they were
		changed = s.advanceCommand(r, r.SSM.Commands[id], now, opts) || changed
	}
	for id := range r.EC2.Instances {
		changed = s.advanceAgent(r, id, now) || changed
	}
	return changed
}

func (s *state) advanceAgent(r *region, id string, now time.Time) bool {
	a, ok := r.SSM.Agents[id]
	if st := r.EC2.Instances[id].State; st != nil && st.Name == ec2types.InstanceStateNameTerminated {
		delete(r.SSM.Agents, id)
		return ok
	}
	connected := r.EC2.isRunning(id) && r.EC2.hasProfile(id) && s.egressAllowed(r, id, 443) && (!ok || !a.Stopped)
	switch {
	case !ok && connected:
		r.SSM.Agents[id] = &ssmAgent{Connected: true, Since: now, Joined: now}
	case ok && a.Connected != connected:
		a.Connected, a.Since = connected, now
	default:
		return false
	}
	return true
}

// hasProfile says whether the instance has an instance profile, and so credentials.
func (e *ec2State) hasProfile(id string) bool {
	for _, a := range e.Profiles {
		if a.InstanceId != nil && *a.InstanceId == id && a.State == ec2types.IamInstanceProfileAssociationStateAssociated {
			return true
		}
	}
	return false
}

func (s *state) advanceCommand(r *region, c *ssmCommand, now time.Time, opts Options) bool {
	changed := false
	for _, id := range sortedKeys(c.Invocations) {
		v, a := c.Invocations[id], r.SSM.Agents[id]
		connected := a != nil && a.Connected
		if v.Status == ssmtypes.CommandInvocationStatusPending {
			start := begun(c, opts)
			if connected && a.Since.After(start) {
				start = a.Since
			}
			switch late := c.Sent.Add(c.Delivery); {
			case connected && !start.After(now) && start.Before(late):
				v.Status, v.Details, v.Started = ssmtypes.CommandInvocationStatusInProgress, "InProgress", start
			case !now.Before(late):
				v.Status, v.Details, v.Ended = ssmtypes.CommandInvocationStatusTimedOut, "Delivery Timed Out", late
			default:
				continue
			}
			changed = true
		}
		if v.Status == ssmtypes.CommandInvocationStatusInProgress {
			changed = s.advanceInvocation(c, id, connected, now, opts) || changed
		}
	}
	return changed
}

// advanceInvocation ends a running script whose time has come; a host that is cut off cannot say so.
func (s *state) advanceInvocation(c *ssmCommand, id string, connected bool, now time.Time, opts Options) bool {
	v := c.Invocations[id]
	end, late := v.Started.Add(running(opts)), v.Started.Add(c.Execution)
	switch {
	case late.Before(end) && !now.Before(late), !connected && !now.Before(late):
		v.Status, v.Details, v.Ended, v.Code = ssmtypes.CommandInvocationStatusTimedOut, "Execution Timed Out", late, 137
		return true
	case !connected || now.Before(end):
		return false
	}
	v.Status, v.Details, v.Ended = ssmtypes.CommandInvocationStatusSuccess, "Success", end
	if stdout, code, played := s.playMemory(c, c.Parameters["commands"], v.Started, end, opts); played {
		v.Stdout, v.Code = stdout, code
	} else {
		v.Stdout, v.Stderr, v.Code = pretend(c.Parameters["commands"])
	}
	if v.Code != 0 {
		v.Status, v.Details = ssmtypes.CommandInvocationStatusFailed, "Failed"
	}
	s.keepOutput(c, id, end)
	return true
}

// keepOutput writes a command's output to the bucket that it names, as the host does, if that is there.
func (s *state) keepOutput(c *ssmCommand, id string, now time.Time) {
	b, ok := s.Buckets[c.Bucket]
	if !ok || b.Owner != s.Account {
		return
	}
	v := c.Invocations[id]
	for name, text := range map[string]string{"stdout": v.Stdout, "stderr": v.Stderr} {
		if text != "" {
			b.put(s, c.outputKey(id, name), &objectVersion{Body: []byte(text), ContentType: "text/plain", Modified: now})
		}
	}
}
