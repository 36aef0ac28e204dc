package awssim

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func registerSnapshots(r registry) {
	ec2Write(r, createSnapshots)
	ec2Write(r, createSnapshot)
	ec2Write(r, deleteSnapshot)
	ec2Read(r, describeSnapshots)
}

// maxSnapshotSet is how many volumes one CreateSnapshots may take, the boot volume included (API_CreateSnapshots).
const maxSnapshotSet = 128

func createSnapshots(x *request, in *ec2.CreateSnapshotsInput) (*ec2.CreateSnapshotsOutput, error) {
	e := x.ec2()
	i, err := find(e.Instances, kindInstance(), aws.ToString(in.InstanceSpecification.InstanceId))
	if err != nil {
		return nil, err
	}
	if stateIn(i, ec2types.InstanceStateNameTerminated, ec2types.InstanceStateNameShuttingDown) {
		return nil, wrongState(i, "running or stopped")
	}
	tags, err := specTags(in.TagSpecifications, ec2types.ResourceTypeSnapshot)
	if err != nil {
		return nil, err
	}
	copied := in.CopyTagsFromSource == ec2types.CopyTagsFromSourceVolume
	if in.CopyTagsFromSource != "" && !copied {
		return nil, invalidValue(string(in.CopyTagsFromSource), "copyTagsFromSource")
	}
	volumes, err := e.snapshotSet(i, in.InstanceSpecification)
	if err != nil {
		return nil, err
	}
	all := make([]map[string]string, len(volumes))
	for n, v := range volumes {
		if err := snapshottable(v); err != nil {
			return nil, err
		}
		all[n] = map[string]string{}
		for key, value := range e.Tags[*v.VolumeId] {
			if copied && !reservedKey(key) {
				all[n][key] = value
			}
		}
		if err := fits(all[n], tags); err != nil {
			return nil, err
		}
		for key, value := range tags {
			all[n][key] = value
		}
	}
	out := &ec2.CreateSnapshotsOutput{}
	for n, v := range volumes {
		s := x.addSnapshot(v, aws.ToString(in.Description), all[n])
		shown := e.describeSnapshot(s)
		out.Snapshots = append(out.Snapshots, ec2types.SnapshotInfo{
			SnapshotId: shown.SnapshotId, VolumeId: shown.VolumeId, VolumeSize: shown.VolumeSize, State: shown.State, Progress: shown.Progress,
			StartTime: shown.StartTime, Description: shown.Description, Encrypted: shown.Encrypted, OwnerId: shown.OwnerId, Tags: shown.Tags,
		})
	}
	return out, nil
}

// snapshotSet are the volumes that a call names by its instance.
func (e *ec2State) snapshotSet(i *instance, spec *ec2types.InstanceSpecification) ([]*ec2types.Volume, error) {
	all := e.volumesOn(*i.InstanceId)
	for _, id := range spec.ExcludeDataVolumeIds {
		n := slices.IndexFunc(all, func(v *ec2types.Volume) bool { return *v.VolumeId == id })
		if n < 0 || *all[n].Attachments[0].Device == *i.RootDeviceName {
			return nil, apiError(400, "InvalidParameterValue", "The volume '%s' is not a data volume of instance '%s'", id, *i.InstanceId)
		}
	}
	var out []*ec2types.Volume
	for _, v := range all {
		boot := *v.Attachments[0].Device == *i.RootDeviceName
		if boot && aws.ToBool(spec.ExcludeBootVolume) || slices.Contains(spec.ExcludeDataVolumeIds, *v.VolumeId) {
			continue
		}
		out = append(out, v)
	}
	if len(out) == 0 {
		return nil, apiError(400, "InvalidParameterValue", "The instance '%s' has no volumes to snapshot", *i.InstanceId)
	}
	if len(out) > maxSnapshotSet {
		return nil, apiError(400, "InvalidParameterValue", "A multi-volume snapshot can have at most %d volumes", maxSnapshotSet)
	}
	return out, nil
}

func snapshottable(v *ec2types.Volume) error {
	if v.State != ec2types.VolumeStateAvailable && v.State != ec2types.VolumeStateInUse {
		return apiError(400, "IncorrectState", "The volume '%s' is in the state %s", *v.VolumeId, v.State)
	}
	return nil
}

func createSnapshot(x *request, in *ec2.CreateSnapshotInput) (*ec2.CreateSnapshotOutput, error) {
	v, err := find(x.ec2().Volumes, kindVolume(), aws.ToString(in.VolumeId))
	if err != nil {
		return nil, err
	}
	tags, err := specTags(in.TagSpecifications, ec2types.ResourceTypeSnapshot)
	if err != nil {
		return nil, err
	}
	if err := snapshottable(v); err != nil {
		return nil, err
	}
	s := x.ec2().describeSnapshot(x.addSnapshot(v, aws.ToString(in.Description), tags))
	return &ec2.CreateSnapshotOutput{
		SnapshotId: s.SnapshotId, VolumeId: s.VolumeId, VolumeSize: s.VolumeSize, State: s.State, Progress: s.Progress, StartTime: s.StartTime,
		Description: s.Description, Encrypted: s.Encrypted, OwnerId: s.OwnerId, Tags: s.Tags,
	}, nil
}

func (x *request) addSnapshot(v *ec2types.Volume, description string, tags map[string]string) *snapshot {
	s := &snapshot{Until: x.now.Add(x.acct.opts.SnapshotTime)}
	s.Snapshot = ec2types.Snapshot{
		SnapshotId: aws.String(x.st.newID("snap")), VolumeId: aws.String(*v.VolumeId), VolumeSize: aws.Int32(*v.Size),
		State: ec2types.SnapshotStatePending, Progress: aws.String("0%"), StartTime: aws.Time(x.now), Description: aws.String(description),
		Encrypted: aws.Bool(aws.ToBool(v.Encrypted)), OwnerId: aws.String(x.st.Account), StorageTier: ec2types.StorageTierStandard,
	}
	x.ec2().Snapshots[*s.SnapshotId] = s
	x.ec2().setTags(*s.SnapshotId, tags)
	return s
}

func deleteSnapshot(x *request, in *ec2.DeleteSnapshotInput) (*ec2.DeleteSnapshotOutput, error) {
	e := x.ec2()
	s, err := find(e.Snapshots, kindSnapshot(), aws.ToString(in.SnapshotId))
	if err != nil {
		return nil, err
	}
	delete(e.Snapshots, *s.SnapshotId)
	e.forget(*s.SnapshotId)
	return &ec2.DeleteSnapshotOutput{}, nil
}

func (e *ec2State) describeSnapshot(s *snapshot) ec2types.Snapshot {
	out := clone(s.Snapshot)
	out.Tags = e.tagSet(*s.SnapshotId)
	return out
}

func describeSnapshots(x *request, in *ec2.DescribeSnapshotsInput) (*ec2.DescribeSnapshotsOutput, error) {
	e := x.ec2()
	list, err := selected(e.Snapshots, kindSnapshot(), in.SnapshotIds)
	if err != nil {
		return nil, err
	}
	if len(in.OwnerIds) > 0 && !slices.Contains(in.OwnerIds, "self") && !slices.Contains(in.OwnerIds, x.st.Account) {
		list = nil // every snapshot here is the account's own
	}
	type snap = *snapshot
	id := func(s snap) string { return *s.SnapshotId }
	list, err = filtered(e, in.Filters, id, fields[snap]{
		"snapshot-id": one(func(s snap) *string { return s.SnapshotId }),
		"volume-id":   one(func(s snap) *string { return s.VolumeId }),
		"owner-id":    one(func(s snap) *string { return s.OwnerId }),
		"description": one(func(s snap) *string { return s.Description }),
		"progress":    one(func(s snap) *string { return s.Progress }),
		"status":      func(s snap) []string { return []string{string(s.State)} },
		"encrypted":   func(s snap) []string { return []string{boolText(aws.ToBool(s.Encrypted))} },
	}, list)
	if err != nil {
		return nil, err
	}
	page, next, err := paged(list, id, in.SnapshotIds, in.MaxResults, in.NextToken)
	out := &ec2.DescribeSnapshotsOutput{NextToken: next}
	for _, s := range page {
		out.Snapshots = append(out.Snapshots, e.describeSnapshot(s))
	}
	return out, err
}
