package finding

// Kinds lists every kind of target that a finding may be about.
func Kinds() []Kind {
	return []Kind{
		KindInstance, KindUser, KindRole, KindRoot, KindFederatedUser, KindIdentityCenterUser, KindPrincipal, KindBucket, KindObject,
		KindEKSCluster, KindECSCluster, KindContainer, KindFunction, KindDBInstance, KindLimitlessDB, KindSnapshot, KindImage,
		KindRecoveryPoint, KindAttackSequence,
	}
}
